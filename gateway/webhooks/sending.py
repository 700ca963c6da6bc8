"""Requests to endpoints, whose addresses others chose: what may be reached, and for how long.

An endpoint's name could lead to a server of ours that trusts whoever reaches it. So the addresses
that its name resolves to are looked at, and the connection goes to the very one that was looked at:
asked a second time, a name server could answer otherwise. Nothing else changes for that: the TLS
certificate has to be that of the name, and the Host header says the name. Redirects are answers
like others, and are not followed; no proxy of the environment is asked.
"""

import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpcore
from django.conf import settings

from lib import texts

Address = IPv4Address | IPv6Address

SECONDS = 10.0  # for all of a request, from the name's resolution to the end of its answer
MOST_READ = 4096  # bytes of an answer
LONGEST_ANSWER = 500
SCHEMES = ("https", "http")
# Translators between the two families: such an address leads to the IPv4 address at its end.
TRANSLATED = IPv6Network("64:ff9b::/96")


class Unusable(Exception):
    """The address cannot be that of an endpoint; the message says why."""


class NoAnswer(Exception):
    """The receiver gave no HTTP answer, or nothing may be sent to it; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered."""

    status: int  # of HTTP
    text: str  # how its body begins, as it can be shown


def check_url(url: str) -> None:
    """Raise Unusable unless the text can be the address of an endpoint: printable ASCII, with a
    host, https:// (or http:// where TAEL_WEBHOOK_NETWORKS allows networks of our own), and no user
    name, password or fragment. No name is resolved.
    """
    if any(not "!" <= letter <= "~" for letter in url):
        raise Unusable("has characters that no address has")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Unusable("is no address") from None
    if parts.scheme not in SCHEMES or not parts.hostname or port == 0:
        raise Unusable("is no address that starts with https://")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Unusable("must have no user name, password or fragment")
    if parts.scheme == "http" and not settings.TAEL_WEBHOOK_NETWORKS:
        raise Unusable("must start with https://")


def may_be_reached(address: Address, *, is_encrypted: bool) -> bool:
    """Whether requests may go to this address: it is public and the connection is encrypted, or it
    is within TAEL_WEBHOOK_NETWORKS.
    """
    meant = _meant(address)
    if any(meant in network for network in settings.TAEL_WEBHOOK_NETWORKS):
        return True
    return is_encrypted and meant.is_global and not meant.is_multicast


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for (translated, mapped, 6to4 or Teredo), or the
    address itself.
    """
    if isinstance(address, IPv6Address):
        if address in TRANSLATED:
            return IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or (address.teredo or (0, address))[1]
    return address


def resolve(host: str, port: int, *, is_encrypted: bool) -> list[str]:
    """The addresses of a host, as texts, each once. Raises NoAnswer if it has none, or if requests
    may not go to one of them.

    A name with an address of ours among others is refused as a whole: the others are there to hide
    it.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NoAnswer(f"{host} has no address: {error}") from error
    addresses = list(dict.fromkeys(str(where[0]) for *_, where in found))
    for address in addresses:
        if not may_be_reached(ip_address(address), is_encrypted=is_encrypted):
            raise NoAnswer(f"{host} is at {address}, where nothing may be sent")
    return addresses


class Receiver(AbstractContextManager["Receiver"]):
    """An endpoint's server, with a connection that is kept open between requests."""

    def __init__(self, url: str, *, seconds: float = SECONDS) -> None:
        self._url, self._seconds = url, seconds
        self._network = _CheckedNetwork(is_encrypted=urlsplit(url).scheme == "https")
        self._pool = httpcore.ConnectionPool(
            # The machine's own authorities, so that an installation can add one of its own.
            ssl_context=ssl.create_default_context(),
            max_connections=1,
            network_backend=self._network,
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def post(self, content: bytes, headers: Mapping[str, str]) -> Answer:
        """Send the content by POST, and return the answer, of whatever status. Raises NoAnswer if
        there is none within the time, the connection fails, or nothing may be sent to its address.
        """
        self._network.ends_at = time.monotonic() + self._seconds
        try:
            with self._pool.stream(
                "POST", self._url, headers=list(headers.items()), content=content
            ) as response:
                return Answer(response.status, _read(response.iter_stream()))
        except httpcore.TimeoutException as error:
            raise NoAnswer(f"no answer within {self._seconds:g} seconds") from error
        except (
            *(httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol),
            *(ssl.SSLError, OSError, ValueError),
        ) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error


def _read(body: Iterable[bytes]) -> str:
    """How the answer's body begins, as text that can be shown, cut to LONGEST_ANSWER characters. No
    more is read of it than the parts with its first MOST_READ bytes.
    """
    read = b""
    for part in body:
        read += part
        if len(read) >= MOST_READ:
            break
    return texts.shown(read[:MOST_READ].decode(errors="replace").strip(), LONGEST_ANSWER)


class _CheckedNetwork(httpcore.SyncBackend):
    """Connects only to addresses that requests may go to; all of a request ends at `ends_at`."""

    def __init__(self, *, is_encrypted: bool) -> None:
        self._is_encrypted = is_encrypted
        self.ends_at = 0.0  # by the monotonic clock

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of the host that takes the connection, within the time that
        is left of the request: `timeout` and `local_address` are httpcore's and not used. Raises
        NoAnswer if the host has no address or one that may not be reached (`resolve`); what the
        last address failed with, if none takes it; and ReadTimeout if no time is left.
        """
        failed: Exception = NoAnswer(f"{host} has no address")
        for address in resolve(host, port, is_encrypted=self._is_encrypted):
            try:
                stream = super().connect_tcp(address, port, self.left(), None, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return _Bounded(stream, self)
        raise failed

    def left(self) -> float:
        """The seconds that are left of the request. Raises ReadTimeout if there are none."""
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time is up")
        return left


class _Bounded(httpcore.NetworkStream):
    """A stream on which no wait lasts longer than the whole request may.

    A time-out for each read alone would let a receiver that sends a byte now and then hold a worker
    for ever.
    """

    def __init__(self, stream: httpcore.NetworkStream, network: _CheckedNetwork) -> None:
        self._stream, self._network = stream, network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read at most so many bytes, within the time that is left of the request; `timeout` is not
        used.
        """
        return self._stream.read(max_bytes, self._network.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write the bytes, within the time that is left of the request; `timeout` is not used."""
        self._stream.write(buffer, self._network.left())

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """The stream encrypted, within the time left of the request; `timeout` is not used."""
        stream = self._stream.start_tls(ssl_context, server_hostname, self._network.left())
        return _Bounded(stream, self._network)

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        """The information of this name about the connection, such as its socket, as the stream that
        this one bounds has it.
        """
        return self._stream.get_extra_info(info)
