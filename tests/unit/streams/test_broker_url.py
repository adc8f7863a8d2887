"""REGULARS_BROKER: hosts, credentials, TLS; a mistake is a sentence without the password."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from streams.app import _credentials
from streams.broker import Broker, parse
from streams.errors import StreamError

SECRET = "gehe1m"


@pytest.mark.parametrize("hosts", ["localhost:9092", "a:9092,b:9093,c:9094", "[::1]:9092"])
def test_plain_hosts_need_nothing_else(hosts: str) -> None:
    broker = parse(f"kafka://{hosts}")
    assert broker == Broker(hosts)
    assert (broker.embedded, broker.security, broker.incarnation) == (False, {}, "")


def test_credentials_mean_sasl_over_tls() -> None:
    broker = parse(f"kafka://anna:{SECRET}@a:9092,b:9092")
    assert broker.bootstrap == "a:9092,b:9092"
    security = dict(broker.security)
    context = security.pop("ssl_context")
    assert security == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": "anna",
        "sasl_plain_password": SECRET,
    }
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_credentials_may_hold_any_character_when_quoted() -> None:
    security = parse("kafka://an%40na:p%3Aw%2F%25%40@a:9092?security=sasl_plaintext").security
    assert (security["sasl_plain_username"], security["sasl_plain_password"]) == ("an@na", "p:w/%@")
    assert security["security_protocol"] == "SASL_PLAINTEXT"
    assert "ssl_context" not in security


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "scram-sha-256", "PLAIN"])
def test_the_mechanism_can_be_chosen(mechanism: str) -> None:
    security = parse(f"kafka://anna:{SECRET}@a:9092?mechanism={mechanism}").security
    assert security["sasl_mechanism"] == mechanism.upper()


def test_tls_without_credentials() -> None:
    security = parse("kafka://a:9093?security=ssl").security
    assert set(security) == {"security_protocol", "ssl_context"}
    assert security["security_protocol"] == "SSL"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("localhost:9092", "must be `embedded` or kafka://host:9092"),
        ("http://localhost:9092", "must be `embedded` or kafka://host:9092"),
        ("kafka://", "must be `embedded` or kafka://host:9092"),
        ("", "must be `embedded` or kafka://host:9092"),
        (f"kafka://anna:{SECRET}@", "must be `embedded` or kafka://host:9092"),
        (f"kafka://anna:{SECRET}@a:9092?securty=ssl", "unknown option securty; known: security, mechanism, cafile"),
        (f"kafka://anna:{SECRET}@a:9092?security=tls", "one of plaintext, ssl, sasl_ssl, sasl_plaintext"),
        (f"kafka://anna:{SECRET}@a:9092?security=plaintext", "credentials need security=sasl_ssl or sasl_plaintext"),
        (f"kafka://anna:{SECRET}@a:9092?security=ssl", "credentials need security=sasl_ssl or sasl_plaintext"),
        ("kafka://a:9092?security=sasl_ssl", "security=sasl_ssl needs kafka://user:password@host:9092"),
        (f"kafka://anna:{SECRET}@a:9092?mechanism=GSSAPI", "mechanism is one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512"),
        (f"kafka://anna:{SECRET}@a:9092?cafile=/no/such/file.pem", "cafile /no/such/file.pem cannot be read"),
    ],
)
def test_a_mistake_is_told_without_the_password(url: str, says: str) -> None:
    with pytest.raises(StreamError) as caught:
        parse(url)
    assert says in str(caught.value)
    assert str(caught.value).startswith("REGULARS_BROKER")
    assert SECRET not in str(caught.value)


def test_a_cafile_that_holds_no_certificate_is_told(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("no certificate")
    with pytest.raises(StreamError, match="cannot be read"):
        parse(f"kafka://a:9092?security=ssl&cafile={path}")


@pytest.mark.parametrize(
    ("options", "protocol", "mechanism"),
    [
        ("", "SASL_SSL", "PLAIN"),
        ("?security=sasl_plaintext&mechanism=SCRAM-SHA-256", "SASL_PLAINTEXT", "SCRAM-SHA-256"),
    ],
)
def test_faust_gets_the_same_credentials(options: str, protocol: str, mechanism: str) -> None:
    broker = parse(f"kafka://anna:{SECRET}@a:9092{options}")
    credentials = _credentials(broker)
    assert (credentials.username, credentials.password) == ("anna", SECRET)
    assert (credentials.protocol.value, credentials.mechanism.value) == (protocol, mechanism)
    assert credentials.ssl_context is broker.security.get("ssl_context")


def test_faust_gets_the_same_tls() -> None:
    broker = parse("kafka://a:9092?security=ssl")
    credentials = _credentials(broker)
    assert credentials.protocol.value == "SSL"
    assert credentials.context is broker.security["ssl_context"]


def test_faust_needs_none_without_security() -> None:
    assert _credentials(parse("kafka://a:9092")) is None
