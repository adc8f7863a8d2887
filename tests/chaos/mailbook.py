"""Every queued message and every mail that arrived, against the promise. Shares no code with the product.

At least once under a stable key; twice only where nobody can know, and then counted: a `message` event `ambiguous`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

FINAL = ("sent", "failed", "cancelled", "expired", "ambiguous")
AT_HAND = 8
"""Most messages that one worker has on their way: so many may be in doubt when it dies (REGULARS_SEND_CONCURRENCY)."""


@dataclass
class Mail:
    """A mail that the server took. `answered`: it said so, on a connection that stood."""

    key: str
    message_id: str
    recipient: str
    at: float
    answered: bool = False


@dataclass
class Owed:
    """A queued message: what may become of it, and where it may go, by the customer's state from then on."""

    customer: str
    marketing: bool
    fates: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)


@dataclass
class Post:
    """The figures; those after `doubts` must be 0."""

    mails: int = 0
    twice: int = 0
    """Mails that were not the first under their key."""
    doubts: int = 0
    """How often a message was counted as of unknown fate."""
    mails_missing: list[str] = field(default_factory=list)
    """Messages `sent` of which the server knows nothing."""
    mails_unexpected: list[str] = field(default_factory=list)
    """Mails that nobody queued, or to somebody else, or under another Message-ID."""
    mails_uncounted: list[str] = field(default_factory=list)
    """Messages that arrived more often than their doubts explain."""
    mails_needless: list[str] = field(default_factory=list)
    """Messages that arrived again after the worker had read that they arrived, and more of them than deaths explain."""
    fates: list[str] = field(default_factory=list)
    """Messages that have no final status, or one that their customer's state does not explain."""
    results: list[str] = field(default_factory=list)
    """Messages whose log does not hold their final status, once."""


def compare(
    owed: Mapping[str, Owed],
    status: Mapping[str, str],
    results: Mapping[str, Sequence[str]],
    mails: Sequence[Mail],
    deaths: int,
    parked: bool = False,
) -> Post:
    """`status` by key from the store; `results` by key, the states of the log's `message` events. `deaths`: how often a
    worker died.

    `parked`: the shop sets aside what is in doubt, and nothing may arrive twice.
    """
    post = Post(mails=len(mails))
    arrived = Counter(mail.key for mail in mails)
    post.twice = len(mails) - len(arrived)
    post.doubts = sum(list(states).count("ambiguous") for states in results.values())
    post.mails_unexpected = [f"{mail.key} to {mail.recipient}" for mail in mails if not _expected(mail, owed)]
    for key, owing in owed.items():
        owing.fates |= {"ambiguous"} if parked else set()
        _one(key, owing, status.get(key, "nowhere"), results.get(key, ()), arrived[key], post)
    needless = [key for key, times in arrived.items() if times > 1] if parked else list(_needless(mails))
    post.mails_needless = needless if parked or len(needless) > deaths * AT_HAND else []
    return post


def _expected(mail: Mail, owed: Mapping[str, Owed]) -> bool:
    owing = owed.get(mail.key)
    return owing is not None and mail.recipient in owing.addresses and mail.message_id.startswith(f"<{mail.key}@")


def _one(key: str, owing: Owed, status: str, states: Sequence[str], arrived: int, post: Post) -> None:
    doubts = list(states).count("ambiguous")
    if status not in owing.fates:
        post.fates.append(f"{key}: {status}, not {' or '.join(sorted(owing.fates))}")
    if status == "sent" and not arrived:
        post.mails_missing.append(key)
    if arrived > doubts + (status == "sent"):
        post.mails_uncounted.append(f"{key}: {status}, arrived {arrived} times, in doubt {doubts} times")
    final = [state for state in states if state in FINAL and (state != "ambiguous" or status == "ambiguous")]
    if status in FINAL and (set(final) != {status} or (status != "ambiguous" and len(final) > 1)):
        post.results.append(f"{key}: {status}, the log says {', '.join(states) or 'nothing'}")


def _needless(mails: Collection[Mail]) -> Iterator[str]:
    answered: set[str] = set()
    for mail in mails:
        if mail.key in answered:
            yield mail.key
        if mail.answered:
            answered.add(mail.key)
