"""What a run stands on: a broker and a store that outlive the worker, and the folder where all of it lives."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient

from streams.embedded import EmbeddedBroker
from tests import services

ROOT = Path(__file__).resolve().parents[2]
CAMPAIGNS = ("welcome", "thank-returning", "return-care", "birthday")
"""The rules of a run: later additions to the starter playbook do not concern the oracle."""


@dataclass(frozen=True)
class Setup:
    """Where everything is. `broker` and `store` are what REGULARS_BROKER and REGULARS_STORE say."""

    home: Path
    bootstrap: str
    incarnation: str
    broker: str
    store: str
    rules: Path
    partitions: int = 4

    @property
    def embedded(self) -> bool:
        """Whether the broker is Tansu."""
        return self.broker == "embedded"

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a command or worker on this set-up; nothing of the caller's own settings."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("REGULARS_")}
        return ours | {
            "REGULARS_HOME": str(self.home),
            "REGULARS_BROKER": self.broker,
            "REGULARS_STORE": self.store,
            "REGULARS_RULES": str(self.rules),
            "REGULARS_TEMPLATES": str(ROOT / "templates"),
            "REGULARS_MAILDIR": str(self.home / "mail"),
            "REGULARS_PARTITIONS": str(self.partitions),
            "PYTHONPATH": str(ROOT),
            **more,
        }


@contextmanager
def setup(store: str = "sqlite", broker: str = "tansu", policy: str = "") -> Iterator[Setup]:
    """A new broker and a new store; both gone afterwards. `policy` replaces the policy of the chaos shop."""
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="regulars-chaos-"))
        stack.callback(shutil.rmtree, home)
        rules = _rules(home / "rules", policy)
        url = _store(stack, store, home)
        if broker == "kafka":
            address = stack.enter_context(services.kafka())
            cluster = asyncio.run(_cluster_id(address))
            yield Setup(home, address, cluster, f"kafka://{address}", url, rules)
        else:
            embedded = EmbeddedBroker(home)
            stack.callback(embedded.stop)
            known = embedded.start()
            yield Setup(home, known.bootstrap, known.incarnation, "embedded", url, rules)


def _rules(folder: Path, policy: str) -> Path:
    (folder / "campaigns").mkdir(parents=True)
    for name in CAMPAIGNS:
        shutil.copy(ROOT / "rules" / "campaigns" / f"{name}.yaml", folder / "campaigns")
    text = policy or (Path(__file__).parent / "policy.yaml").read_text("utf-8")
    (folder / "policy.yaml").write_text(text, "utf-8")
    return folder


def _store(stack: ExitStack, store: str, home: Path) -> str:
    if store == "sqlite":
        return f"sqlite:///{home / 'regulars.db'}"
    return stack.enter_context(services.database(stack.enter_context(services.postgres())))


async def _cluster_id(address: str) -> str:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        cluster: str = (await admin.describe_cluster())["cluster_id"]
        return cluster
    finally:
        await admin.close()
