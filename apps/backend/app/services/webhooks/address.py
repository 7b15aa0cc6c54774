"""Where a webhook may go. Its address is a user's, and it is asked from inside our network."""

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.core.config import Settings
from app.domain.refusal import Refused

_PORTS = {"https": 443, "http": 80}
_MOST_ADDRESSES = 3
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Target:
    """An address in its parts; `path` with its query."""

    is_tls: bool
    host: str
    port: int
    path: str


class Forbidden(Exception):
    """The name leads to where we do not go."""


def target_of(url: str, settings: Settings) -> Target:
    """The parts of an address that is allowed.

    Raises:
        Refused: `WEBHOOK_UNAVAILABLE`: none is; `WEBHOOK_FORBIDDEN`: this one is not.
    """
    if not settings.webhook_hosts or settings.webhook_secret() is None:
        raise Refused(
            "WEBHOOK_UNAVAILABLE",
            "this service sends no webhooks",
            "set EXCEL2DOC_WEBHOOK_HOSTS and EXCEL2DOC_WEBHOOK_SECRET_FILE (README: Webhooks)",
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _forbidden("it is no address") from error
    if not url.isascii() or any(c <= " " or c == "\\" for c in url):
        raise _forbidden("it has a character that no address has")
    schemes = ("https", "http") if settings.webhook_private else ("https",)
    if parts.scheme not in schemes:
        raise _forbidden(f"it begins with none of: {', '.join(f'{s}://' for s in schemes)}")
    if parts.username is not None or parts.password is not None:
        raise _forbidden("it holds a name or a password")
    host = (parts.hostname or "").rstrip(".")
    usual = _PORTS[parts.scheme]
    port = port or usual
    if not _is_allowed(host, port, usual, settings.webhook_hosts.split(",")):
        raise _forbidden("its host is not among EXCEL2DOC_WEBHOOK_HOSTS")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme == "https", host, port, path)


def _forbidden(why: str) -> Refused:
    hint = "ask whoever runs the service to allow the host, and write https://host/path"
    return Refused("WEBHOOK_FORBIDDEN", f"the webhook's address is not allowed: {why}", hint)


def _is_allowed(host: str, port: int, usual: int, allowed: Iterable[str]) -> bool:
    """An entry is `host`, `*.host` for what is below it, or either with `:port`."""
    for entry in allowed:
        name, _, number = entry.strip().lower().partition(":")
        if (int(number) if number.isdigit() else usual) != port:
            continue
        below = name.startswith("*.") and host.endswith(name[1:]) and host != name[2:]
        if host and (host == name or below):
            return True
    return False


def addresses_of(target: Target, settings: Settings) -> Sequence[str]:
    """The host's addresses. They are connected to as they are, so that no name is asked twice.

    Raises:
        Forbidden: one of them is private; OSError: there are none.
    """
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not settings.webhook_private:
        for address in addresses:
            if not is_public(address):
                raise Forbidden("its host has a private address")
    return addresses[:_MOST_ADDRESSES]


def is_public(address: str) -> bool:
    """Whether it leads out, also when an IPv4 address is hidden in one of IPv6."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner:
            ip = inner
    return ip.is_global and not ip.is_multicast
