"""Egress: where requests may go. A URL is looked at when it is stored, an address when it is used.

Nothing goes to private, loopback, link-local, multicast or reserved networks, nor to the metadata
services of clouds, unless a setting allows the network. What counts is the address of the very
socket that connects (`open_socket`): a name that resolves to another address a moment later, a
number in an unusual form or an IPv4 address inside an IPv6 one changes nothing.

https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
https://www.iana.org/assignments/iana-ipv4-special-registry/
"""

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any, TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult
from shared.errors import InvalidError
from yarl import URL

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

LONGEST_URL = 2000
LOOKUPS = 32
"""Names that are looked up at once, on threads of their own: a name server that is silent holds up
the endpoints in its zone, and none elsewhere."""

_NAT64 = IPv6Network("64:ff9b::/96")
_NEVER = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT; a cloud's metadata service is in it
        "168.63.129.16/32",  # a cloud's platform address, although it is a public one
        "192.0.0.0/24",  # protocol assignments; a cloud's metadata service is in it
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",
        "240.0.0.0/4",
        "::/96",  # IPv4-compatible
        "64:ff9b:1::/48",  # NAT64 of a local network
        "100::/64",
        "2001::/23",  # Teredo and other assignments
        "2002::/16",  # 6to4
        "fec0::/10",  # site-local
    )
)


class UrlNotAllowedError(InvalidError):
    """The URL is not one that we send to."""


class AddressNotAllowedError(OSError):
    """The endpoint's address is in a network that requests may not go into."""


@dataclass(frozen=True, slots=True)
class Egress:
    """What is allowed beside the public internet over TLS."""

    allowed: Sequence[Network] = ()
    http_is_allowed: bool = False

    def require_url(self, text: str) -> str:
        """The host of a URL that may be stored; raises `UrlNotAllowedError`.

        It is parsed by the library that will use it, so that both see the same host.
        """
        url = _parsed(text)
        if url.scheme != "https" and not (url.scheme == "http" and self.http_is_allowed):
            raise UrlNotAllowedError(field="url", reason="scheme")
        if url.user is not None or url.password is not None:
            raise UrlNotAllowedError(field="url", reason="credentials")
        if url.raw_fragment:
            raise UrlNotAllowedError(field="url", reason="fragment")
        return self._require_host(url)

    def _require_host(self, url: URL) -> str:
        host = (url.raw_host or "").removesuffix(".")
        if not host or "%" in host or not url.port:
            raise UrlNotAllowedError(field="url", reason="host")
        address = _literal(host)
        if address is not None and not self.permits(address):
            raise UrlNotAllowedError(field="url", reason="address")
        if address is None and _is_number(host.rpartition(".")[2]):
            raise UrlNotAllowedError(field="url", reason="host")
        return host

    def permits(self, address: Address) -> bool:
        """Whether a request may go to this address."""
        address = _plain(address)
        if any(address in network for network in self.allowed):
            return True
        if address.is_multicast or address.is_reserved or not address.is_global:
            return False
        return not any(address in network for network in _NEVER)

    def open_socket(self, info: tuple[Any, ...]) -> socket.socket:
        """A socket for a connection to this address, which the connector uses as it stands.

        Raises `AddressNotAllowedError`.
        """
        family, kind, protocol, _, where = info
        if not self.permits(ip_address(str(where[0]).partition("%")[0])):
            raise AddressNotAllowedError
        return socket.socket(family=family, type=kind, proto=protocol)


class Names(AbstractResolver):
    """Looks names up in the system's own way, on a few threads."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Every address of the name; raises `OSError`."""
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        )
        return [
            ResolveResult(
                hostname=host,
                host=str(where[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, where in found
        ]

    async def close(self) -> None:
        """Let the threads end; a look-up under way is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _parsed(text: str) -> URL:
    if len(text) > LONGEST_URL or not text.isascii() or not text.isprintable() or " " in text:
        raise UrlNotAllowedError(field="url", reason="form")
    try:
        url = URL(text)
        _ = url.port, url.host
    except ValueError as error:
        raise UrlNotAllowedError(field="url", reason="form") from error
    return url


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_number(label: str) -> bool:
    """Whether a resolver would take a host that ends so for an IPv4 address (`127.1`, `0x7f.1`)."""
    return label.isdigit() or label.lower().startswith("0x")


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it stands for one."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address
