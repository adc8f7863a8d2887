"""Fixtures for the real services. Each starts when the first test asks for it and is gone when the session ends.

A service that this machine lacks skips the test; in CI (`CI=true`) it fails: a suite that skips proves nothing.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest

from tests import services
from tests.servers import KafkaCluster, Server
from tests.services import served

os.environ.pop("COLUMNS", None)
"""Rich takes it for good when it is imported; the tests say how wide their terminals are."""

SERVICES = {"postgres_url", "postgres_server", "fresh_postgres", "kafka_broker", "kafka_cluster"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who asks for a service is a service test, so that `-m "not service"` finds them all."""
    for item in items:
        if isinstance(item, pytest.Function) and SERVICES.intersection(item.fixturenames):
            item.add_marker(pytest.mark.service)


def _not_in_ci(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Whatever is skipped, by whatever means, has failed in CI. What is expected to fail did run."""
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"in CI nothing may be skipped: {why}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Of a test."""
    report = yield
    _not_in_ci(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Of a file that is skipped as a whole."""
    report = yield
    _not_in_ci(report)
    return report


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The maintenance database of a private PostgreSQL: `postgresql://user:password@127.0.0.1:port/postgres`."""
    yield from served(services.postgres())


@pytest.fixture
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL of the test's own, to be stopped, killed and started again; `address` as `postgres_url`."""
    yield from served(services.postgres_server())


@pytest.fixture
def fresh_postgres(postgres_url: str) -> Iterator[str]:
    """A new empty database, dropped after the test: `postgresql+psycopg://user:password@127.0.0.1:port/name`."""
    yield from served(services.database(postgres_url))


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[str]:
    """Apache Kafka, `host:port`. One for the whole session: a test takes topic and group names of its own."""
    yield from served(services.kafka())


@pytest.fixture(scope="module")
def kafka_cluster() -> Iterator[KafkaCluster]:
    """Three nodes of Apache Kafka for the tests of one file. A test starts again what it stopped."""
    yield from served(services.kafka_cluster())


@pytest.fixture
def tansu_broker() -> Iterator[str]:
    """A fresh embedded broker, `host:port`."""
    yield from served(services.tansu())


@pytest.fixture(params=["tansu", pytest.param("kafka", marks=pytest.mark.service)])
def broker(request: pytest.FixtureRequest) -> str:
    """Either broker, `host:port`: the test runs once on each."""
    address: str = request.getfixturevalue(f"{request.param}_broker")
    return address
