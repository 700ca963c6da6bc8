"""What is sent where: receivers that misbehave, and names that lead to servers of our own."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django import Settings

from gateway.webhooks import sending
from gateway.webhooks.sending import NoAnswer
from tests.gateway.webhooks import receivers
from tests.gateway.webhooks.receivers import Receiver
from tests.ports import free_port
from tests.silent_server import silent

NAME = "hooks.shop.example"


def post(url: str, *, seconds: float = 60.0) -> tuple[int, str]:
    """Status and text of the receiver's answer."""
    with sending.Receiver(url, seconds=seconds) as receiver:
        answer = receiver.post(b'{"a": 1}', {"content-type": "application/json"})
        return answer.status, answer.text


@pytest.fixture
def resolves(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The answers that the name server gives for NAME, in turn; the last one again and again."""
    answers: list[list[str]] = []
    resolve = socket.getaddrinfo

    def answering(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host != NAME:
            return resolve(host, port, *rest, **more)
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (
                socket.AF_INET6 if ":" in one else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (one, port),
            )
            for one in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", answering)
    return answers


# --- what a receiver does


def test_an_answer_is_its_status_and_how_its_body_begins(receiver: Receiver) -> None:
    receiver.answers = [204, 500]
    assert post(receiver.url) == (204, "")
    assert post(receiver.url) == (500, "status 500")
    assert receiver.requests[0].body == '{"a": 1}'
    assert receiver.requests[0].headers["host"] == f"127.0.0.1:{receiver.port}"


def test_one_connection_serves_request_after_request(receiver: Receiver) -> None:
    with sending.Receiver(receiver.url) as reached:
        assert [reached.post(b"{}", {}).status for _ in range(3)] == [204, 204, 204]
    assert len(receiver.requests) == 3


def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver) -> None:
    with receivers.running() as other:
        receiver.behaviour = other.url
        assert post(receiver.url) == (307, "")
        assert other.requests == []


def test_a_server_that_is_down(receiver: Receiver) -> None:
    with pytest.raises(NoAnswer, match="ConnectError"):
        post(f"http://127.0.0.1:{free_port()}/")


def test_a_server_that_never_answers(receiver: Receiver) -> None:
    with silent() as server, pytest.raises(NoAnswer, match=r"no answer within 0\.3 seconds"):
        post(server.url, seconds=0.3)


@pytest.mark.full  # one that never answers, above
def test_a_server_that_sends_a_byte_now_and_then_holds_nobody(receiver: Receiver) -> None:
    receiver.behaviour = "slow"
    with pytest.raises(NoAnswer, match=r"no answer within 0\.3 seconds"):
        post(receiver.url, seconds=0.3)


def test_what_is_no_http_is_no_answer(receiver: Receiver) -> None:
    receiver.behaviour = b"\x00\xffSMTP ready\r\n\r\n"
    with pytest.raises(NoAnswer, match="RemoteProtocolError"):
        post(receiver.url)


def test_garbage_in_an_answer_is_kept_as_it_can_be_shown(receiver: Receiver) -> None:
    receiver.behaviour = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n\x00\xfe\x07ok\n"
    status, text = post(receiver.url)
    assert (status, text.endswith("ok"), "\x00" in text) == (200, True, False)


def test_no_more_than_its_beginning_is_read_of_an_endless_answer(receiver: Receiver) -> None:
    receiver.behaviour = b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b"a" * 9000
    status, text = post(receiver.url)
    assert (status, len(text), text[:3], text[-1]) == (200, 500, "aaa", "…")


# --- where it may be


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "ff02::1"),
    ],
)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not sending.may_be_reached(ip_address(address), is_encrypted=True)


def test_public_addresses_are_reached_encrypted_alone() -> None:
    for address in ("93.184.215.14", "2606:4700::1111", "::ffff:93.184.215.14"):
        assert sending.may_be_reached(ip_address(address), is_encrypted=True)
        assert not sending.may_be_reached(ip_address(address), is_encrypted=False)


def test_settings_may_allow_a_network(settings: Settings) -> None:
    settings.TAEL_WEBHOOK_NETWORKS = [ip_network("10.1.0.0/16")]
    assert sending.may_be_reached(ip_address("10.1.2.3"), is_encrypted=False)
    assert sending.may_be_reached(ip_address("::ffff:10.1.2.3"), is_encrypted=False)
    assert not sending.may_be_reached(ip_address("10.2.2.3"), is_encrypted=True)


def test_a_name_that_leads_to_a_server_of_ours_is_refused(
    receiver: Receiver, settings: Settings, resolves: list[list[str]]
) -> None:
    settings.TAEL_WEBHOOK_NETWORKS = []
    resolves[:] = [["127.0.0.1"]]
    with pytest.raises(NoAnswer, match=r"is at 127\.0\.0\.1, where nothing may be sent"):
        post(f"https://{NAME}:{receiver.port}/")
    resolves[:] = [["93.184.215.14", "127.0.0.1"]]
    with pytest.raises(NoAnswer, match=r"is at 127\.0\.0\.1, where nothing may be sent"):
        post(f"https://{NAME}:{receiver.port}/")
    with pytest.raises(NoAnswer, match=r"is at 127\.0\.0\.1, where nothing may be sent"):
        post(f"https://127.0.0.1:{receiver.port}/")
    assert receiver.requests == []


def test_a_name_without_an_address(resolves: list[list[str]]) -> None:
    resolves[:] = [[]]
    with pytest.raises(NoAnswer, match="has no address"):
        post(f"https://{NAME}/")


def test_the_connection_goes_to_the_address_that_was_looked_at(
    receiver: Receiver, resolves: list[list[str]]
) -> None:
    """A name server that gives another address the second time is asked once."""
    resolves[:] = [["127.0.0.1"], ["169.254.169.254"]]
    assert post(f"http://{NAME}:{receiver.port}/") == (204, "")
    assert receiver.requests[0].headers["host"] == f"{NAME}:{receiver.port}"
    assert resolves == [["169.254.169.254"]]


def test_a_second_connection_looks_again(receiver: Receiver, resolves: list[list[str]]) -> None:
    resolves[:] = [["127.0.0.1"], ["169.254.169.254"]]
    receiver.answers = [b"HTTP/1.1 500 Oh\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"]
    with sending.Receiver(f"http://{NAME}:{receiver.port}/") as reached:
        assert reached.post(b"{}", {}).status == 500
        with pytest.raises(NoAnswer, match=r"169\.254\.169\.254, where nothing may be sent"):
            reached.post(b"{}", {})


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://shop.example/", "starts with https://"),
        ("https:///hooks", "starts with https://"),
        ("hooks", "starts with https://"),
        ("http://shop.example/", "must start with https://"),
        ("https://user:word@shop.example/", "must have no user name"),
        ("https://shop.example/#here", "must have no user name"),
        ("https://shop.example:99999/", "is no address"),
        ("https://shop.example/a b", "has characters"),
        ("https://shop.example/\n", "has characters"),
    ],
)
def test_what_is_no_endpoints_address(url: str, why: str) -> None:
    with pytest.raises(sending.Unusable, match=why):
        sending.check_url(url)


def test_what_is_one() -> None:
    sending.check_url("https://shop.example:8443/hooks?key=1")


# --- TLS


def certificate(name: str, folder: Path) -> tuple[Path, Path]:
    """A certificate of this name that is its own authority, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    of, with_key = folder / f"{name}.pem", folder / f"{name}.key"
    of.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    with_key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return of, with_key


@pytest.mark.parametrize(("of", "is_taken"), [(NAME, True), ("other.example", False)])
def test_the_certificate_has_to_be_that_of_the_name(
    of: str,
    is_taken: bool,
    tmp_path: Path,
    settings: Settings,
    resolves: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.TAEL_WEBHOOK_NETWORKS = [ip_network("127.0.0.0/8")]
    resolves[:] = [["127.0.0.1"]]
    known, key = certificate(of, tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(known))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(known, key)
    asked_for: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    with receivers.running(context) as receiver:
        address = f"https://{NAME}:{receiver.port}/"
        if is_taken:
            assert post(address) == (204, "")
            assert receiver.requests[0].headers["host"] == f"{NAME}:{receiver.port}"
        else:
            with pytest.raises(NoAnswer, match="certificate"):
                post(address)
            assert receiver.requests == []
        assert asked_for == [NAME]
