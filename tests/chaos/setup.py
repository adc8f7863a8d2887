"""What a run stands on: a broker and a store that outlive the worker, and the folder where all of it lives."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from sqlalchemy import make_url

from streams.embedded import EmbeddedBroker
from tests import services
from tests.chaos.disk import POSTGRES, SIZES, small_disk
from tests.chaos.proxy import ThreadedProxy
from tests.servers import KafkaCluster, Server

ROOT = Path(__file__).resolve().parents[2]
CAMPAIGNS = ("welcome", "thank-returning", "return-care", "birthday")
"""The rules of a run: later additions to the starter playbook do not concern the oracle."""
OURS = Path(__file__).parent / "campaigns"
"""Rules that go on by time; in `other` those that every other edition has instead."""


@dataclass(frozen=True)
class Setup:
    """Where everything is. `broker` and `store` are what REGULARS_BROKER and REGULARS_STORE say.

    The rest is there to be disturbed, None where it is not: the servers, and the networks before them.
    """

    home: Path
    bootstrap: str
    incarnation: str
    broker: str
    store: str
    rules: Path
    partitions: int = 4
    replication: int = 1
    kafka: KafkaCluster | None = None
    postgres: Server | None = None
    broker_net: ThreadedProxy | None = None
    store_net: ThreadedProxy | None = None
    direct: str = ""
    """The store past its network; empty: there is no other way than `store`."""
    disk: Path | None = None
    """The small file system that the store lies on."""

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
            "REGULARS_WATCH": "off",
            "REGULARS_TEMPLATES": str(self.home / "templates"),
            "REGULARS_MAILDIR": str(self.home / "mail"),
            "REGULARS_PARTITIONS": str(self.partitions),
            "REGULARS_REPLICATION": str(self.replication),
            "PYTHONPATH": str(ROOT),
            **more,
        }


@contextmanager
def setup(
    store: str = "sqlite",
    broker: str = "tansu",
    policy: str = "",
    proxied: bool = False,
    small: bool = False,
    waits: bool = False,
) -> Iterator[Setup]:
    """A new broker and a new store; both gone afterwards. `policy` replaces the policy of the chaos shop.

    `waits`: with rules that go on by time.

    `broker` is tansu, kafka (one node) or kafka3 (three, with three copies of everything). `proxied`: networks that
    fail on command, before the one Kafka for all clients, before PostgreSQL for the workers. `small`: the store on a
    small disk.
    """
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="regulars-chaos-"))
        stack.callback(shutil.rmtree, home)
        at = Setup(home, "", "", "embedded", "", _rules(home / "rules", policy, waits))
        shutil.copytree(ROOT / "templates", home / "templates", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        shutil.copytree(OURS.parent / "messages", home / "templates" / "messages", dirs_exist_ok=True)
        if small:
            at = replace(at, disk=stack.enter_context(small_disk(SIZES[store])))
        if store == "sqlite":
            at = replace(at, store=f"sqlite:///{(at.disk or home) / 'regulars.db'}")
        else:
            at = _postgres(stack, at, proxied)
        if broker == "kafka3":
            yield _kafka3(stack, at)
        elif broker == "kafka":
            yield _kafka(stack, at, proxied)
        else:
            embedded = EmbeddedBroker(home)
            stack.callback(embedded.stop)
            known = embedded.start()
            yield replace(at, bootstrap=known.bootstrap, incarnation=known.incarnation)


def _postgres(stack: ExitStack, at: Setup, proxied: bool) -> Setup:
    server = stack.enter_context(services.postgres_server(at.disk, **(POSTGRES if at.disk else {})))
    url = stack.enter_context(services.database(server.address))
    if not proxied:
        return replace(at, store=url, postgres=server)
    port = make_url(url).port
    assert port is not None
    net = stack.enter_context(ThreadedProxy(services.HOST, port))
    return replace(at, store=url.replace(f":{port}/", f":{net.port}/"), direct=url, postgres=server, store_net=net)


def _kafka(stack: ExitStack, at: Setup, proxied: bool) -> Setup:
    nets: list[ThreadedProxy] = []

    def advertise(port: int) -> int:
        nets.append(stack.enter_context(ThreadedProxy(services.HOST, port)))
        return nets[-1].port

    node = stack.enter_context(services.kafka_cluster(1, advertise if proxied else services.itself, heap="512m"))
    cluster = asyncio.run(_cluster_id(node.bootstrap))
    broker = f"kafka://{node.bootstrap}"
    net = nets[0] if nets else None
    return replace(at, bootstrap=node.bootstrap, incarnation=cluster, broker=broker, kafka=node, broker_net=net)


def _kafka3(stack: ExitStack, at: Setup) -> Setup:
    nodes = stack.enter_context(services.kafka_cluster(3))
    cluster = asyncio.run(_cluster_id(nodes.bootstrap))
    broker = f"kafka://{nodes.bootstrap}"
    return replace(at, bootstrap=nodes.bootstrap, incarnation=cluster, broker=broker, kafka=nodes, replication=3)


def _rules(folder: Path, policy: str, waits: bool) -> Path:
    (folder / "campaigns").mkdir(parents=True)
    for name in CAMPAIGNS:
        shutil.copy(ROOT / "rules" / "campaigns" / f"{name}.yaml", folder / "campaigns")
    for path in OURS.glob("*.yaml") if waits else ():
        shutil.copy(path, folder / "campaigns")
    for name in ("offers", "segments"):
        shutil.copy(ROOT / "rules" / f"{name}.yaml", folder)
    text = policy or (Path(__file__).parent / "policy.yaml").read_text("utf-8")
    (folder / "policy.yaml").write_text(text, "utf-8")
    return folder


async def _cluster_id(address: str) -> str:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        cluster: str = (await admin.describe_cluster())["cluster_id"]
        return cluster
    finally:
        await admin.close()
