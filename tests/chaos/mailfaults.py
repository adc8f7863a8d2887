"""What can go wrong between a worker and the mail server."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from tests.chaos import mailserver

if TYPE_CHECKING:
    from tests.chaos.faults import Scene
    from tests.chaos.mailserver import MailServer
    from tests.chaos.worker import Worker

SETTINGS = {
    "REGULARS_SEND_TIMEOUT": "5",
    "REGULARS_SEND_RETRY": "1",
    "REGULARS_SEND_RETRY_MOST": "5",
    "REGULARS_SEND_ATTEMPTS": "100",
}
"""A trial has no hours to wait for a message that was put off."""
WATCHED, SILENT = 10.0, 30.0
"""Seconds for which intake is watched while the server answers; for which the server is silent."""
SLACK = 5.0
"""Seconds that the slowest commit of a partition may take longer meanwhile."""
CUTS = (mailserver.DIE, mailserver.RESET, mailserver.REFUSE)
CUT_FOR = (4.0, 10.0)
"""Seconds."""
LOOKED = 0.1


async def hang(scene: Scene) -> None:
    """The mail server is silent; intake must go on as before."""
    server = _server(scene)
    usual = await _slowest(scene, WATCHED)
    await asyncio.to_thread(server.become, mailserver.HANG)
    try:
        slowest = await _slowest(scene, SILENT)
        waiting = await asyncio.to_thread(scene.store.unsent)
    finally:
        await asyncio.to_thread(server.become, mailserver.WELL)
    if slowest > usual + SLACK:
        scene.problems.append(f"a partition waited {slowest:.1f} s while mail hung, {usual:.1f} s before")
    if not waiting:
        scene.problems.append("no message waited while the mail server was silent")


async def cut(scene: Scene) -> None:
    """In turn: mails are taken and not answered for, connections are reset, mails are put off."""
    server = _server(scene)
    await asyncio.to_thread(server.become, CUTS[scene.turn % len(CUTS)])
    try:
        await asyncio.sleep(scene.chance.uniform(*CUT_FOR))
    finally:
        await asyncio.to_thread(server.become, mailserver.WELL)


async def died_sent(scene: Scene) -> Worker | None:
    """Who died when a mail had left, before that was written down."""
    died = await scene.crew.died_at("sent", scene.chance.randint(0, 5))
    if died is None:
        scene.problems.append("nobody sent a mail in time")
    return died


def _server(scene: Scene) -> MailServer:
    assert scene.mail is not None, "this fault needs a plan with mail"
    return scene.mail


async def _slowest(scene: Scene, seconds: float) -> float:
    """The longest that it took meanwhile until every partition had another commit."""
    end, slowest = time.time() + seconds, 0.0
    since = time.time()
    while (now := time.time()) < end:
        if await asyncio.to_thread(scene.store.laggard) / 1_000_000 > since:
            since = now
        slowest = max(slowest, now - since)
        await asyncio.sleep(LOOKED)
    return slowest
