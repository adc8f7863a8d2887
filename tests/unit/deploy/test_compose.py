"""docker-compose.yml and Dockerfile read by a parser: no Docker is needed to find what Docker would stumble over."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from console.compose import ROLES
from console.settings import Settings

ROOT = Path(__file__).parents[3]
SERVICE_KEYS = {
    *("build", "image", "init", "restart", "stop_grace_period", "shm_size", "profiles"),
    *("command", "environment", "volumes", "ports", "healthcheck", "depends_on"),
}
HEALTHCHECK_KEYS = {"test", "interval", "timeout", "start_period", "retries"}
DURATION = re.compile(r"\d+(ms|s|m|h)")


def compose() -> dict[str, Any]:
    """The file as Docker Compose reads it, aliases and merges resolved."""
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return loaded


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")


def ours() -> dict[str, dict[str, Any]]:
    return {name: service for name, service in services().items() if "build" in service}


@pytest.mark.parametrize("name", services())
def test_a_service_has_only_keys_that_we_mean(name: str) -> None:
    service = services()[name]
    assert set(service) <= SERVICE_KEYS
    assert set(service.get("healthcheck", {})) <= HEALTHCHECK_KEYS


@pytest.mark.parametrize("name", services())
def test_a_service_has_an_image_of_a_named_version(name: str) -> None:
    repository, _, tag = services()[name]["image"].rpartition(":")
    assert repository
    assert tag == "local" if "build" in services()[name] else re.match(r"v?\d+\.\d+|\d+-", tag)


@pytest.mark.parametrize("name", services())
def test_a_service_comes_back_after_a_crash_and_is_watched(name: str) -> None:
    service = services()[name]
    assert service["restart"] == "unless-stopped"
    watched = "healthcheck" in service or ("build" in service and "\nHEALTHCHECK " in dockerfile())
    assert watched or service.get("profiles")


@pytest.mark.parametrize("name", services())
def test_what_a_service_waits_for_exists_and_can_become_healthy(name: str) -> None:
    for other, how in services()[name].get("depends_on", {}).items():
        assert how == {"condition": "service_healthy"}
        assert services()[other]["healthcheck"]["test"][0] == "CMD"
        assert not services()[other].get("profiles"), "a service that is switched off never becomes healthy"


@pytest.mark.parametrize("name", services())
def test_durations_are_durations(name: str) -> None:
    service = services()[name]
    check = service.get("healthcheck", {})
    said = [check[key] for key in ("interval", "timeout", "start_period") if key in check]
    said += [service["stop_grace_period"]] if "stop_grace_period" in service else []
    assert [text for text in said if not DURATION.fullmatch(text)] == []


@pytest.mark.parametrize("name", services())
def test_ports_are_published_on_loopback_only(name: str) -> None:
    for port in services()[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d{2,5}:\d{2,5}", port), port


def test_no_two_services_publish_the_same_port() -> None:
    published = [port.split(":")[1] for service in services().values() for port in service.get("ports", [])]
    assert len(published) == len(set(published)) > 0


def test_data_lives_in_declared_volumes() -> None:
    mounts = [mount.split(":")[0] for service in services().values() for mount in service.get("volumes", [])]
    named = {mount for mount in mounts if re.fullmatch(r"[a-z_]+", mount)}
    assert named == set(compose()["volumes"]) == {"kafka", "postgres"}


@pytest.mark.parametrize("name", ours())
def test_every_setting_is_one_that_regulars_reads(name: str) -> None:
    known = {f"REGULARS_{field.upper()}" for field in Settings.model_fields}
    assert set(ours()[name]["environment"]) <= known
    assert set(re.findall(r"REGULARS_[A-Z_]+(?==)", dockerfile())) <= known


@pytest.mark.parametrize("name", ours())
def test_the_addresses_name_services_of_the_file(name: str) -> None:
    said = ours()[name]["environment"]
    hosts = [
        re.fullmatch(r"kafka://([a-z]+):9092", said["REGULARS_BROKER"]),
        re.search(r"@([a-z]+)/regulars$", said["REGULARS_STORE"]),
        re.search(r"smtp://([a-z]+):1025}$", said["REGULARS_SMTP"]),
    ]
    assert [host and host[1] in services() for host in hosts] == [True, True, True]


def test_every_process_of_regulars_runs_once() -> None:
    said = [part for service in ours().values() for part in service["command"][1:]]
    assert sorted(said) == sorted(ROLES)
    assert {service["command"][0] for service in ours().values()} == {"run"}


def test_no_secret_is_written_down() -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    passwords = re.findall(r"(?im)password: +(.+)$", text) + re.findall(r"://\w+:([^@\n]+)@", text)
    assert len(passwords) == 2
    assert all(secret.startswith("${POSTGRES_PASSWORD:?") for secret in passwords)
    assert re.search(r"(?m)^POSTGRES_PASSWORD=$", (ROOT / ".env.example").read_text("utf-8"))
    assert ".env" in (ROOT / ".gitignore").read_text("utf-8").split()


def test_every_variable_of_the_file_is_explained_in_the_example() -> None:
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", (ROOT / "docker-compose.yml").read_text("utf-8")))
    explained = set(re.findall(r"(?m)^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text("utf-8")))
    assert used == explained


def test_the_broker_is_the_one_the_tests_run_on() -> None:
    pom = (ROOT / "deploy/kafka/pom.xml").read_text("utf-8")
    version = re.search(r"<kafka\.version>(.+)</kafka\.version>", pom)
    assert version
    assert services()["kafka"]["image"] == f"apache/kafka:{version[1]}"


def test_every_listener_of_the_broker_has_a_protocol() -> None:
    said = services()["kafka"]["environment"]
    listeners = [part.split("://")[0] for part in said["KAFKA_LISTENERS"].split(",")]
    protocols = [part.split(":")[0] for part in said["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")]
    assert sorted(listeners) == sorted(protocols)
    assert said["KAFKA_INTER_BROKER_LISTENER_NAME"] in listeners


def test_the_image_installs_by_hash_and_runs_as_nobody_special() -> None:
    steps = dockerfile()
    locks = re.findall(r"pip install [^&\n]*-r (\S+)", steps)
    assert locks == ["requirements.lock", "requirements-build.lock"]
    assert steps.count("--require-hashes -r") == 2
    assert re.findall(r"(?m)^USER (.+)$", steps) == ["10001"]


def test_the_image_gets_what_the_build_copies() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").split() if line.startswith("!")}
    pyproject = (ROOT / "pyproject.toml").read_text("utf-8")
    rooms = re.search(r"packages = \[(.+)\]", pyproject)
    assert rooms
    wanted = {*re.findall(r'"(\w+)"', rooms[1]), "pyproject.toml", "README.md"}
    assert wanted | {"requirements.lock", "requirements-build.lock"} <= let_in
