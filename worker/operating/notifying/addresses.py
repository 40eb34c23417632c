"""Which addresses a webhook may reach: those of the public internet.

Whoever may set up a webhook chooses where this machine connects to. Without this, that could be the
host's metadata service, the database, or a printer. A name is resolved once, what it resolves to is
checked, and the socket checks once more what it is about to connect to: a name that means something
else the next moment gains nothing, nor does a number that only the operating system takes for an
address.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver

# IPv6 addresses that stand for an IPv4 one, in their last 32 bits.
_TRANSLATED = IPv6Network("64:ff9b::/96")
# Those that hold one elsewhere, or lead through a relay of somebody's: no receiver is there.
_TUNNELS = (
    IPv6Network("2002::/16"),
    IPv6Network("2001::/32"),
    IPv6Network("64:ff9b:1::/48"),
    IPv6Network("::/96"),
)


class ForbiddenAddressError(OSError):
    """The address is not of the public internet."""


def is_public(address: str) -> bool:
    """Tell whether an address, in its usual form, is one of the public internet."""
    try:
        found = ip_address(address)
    except ValueError:
        return False  # decimal, octal, short: only the operating system would take it
    if isinstance(found, IPv6Address):
        if found.scope_id is not None or any(found in tunnel for tunnel in _TUNNELS):
            return False
        found = _meant(found)
    return found.is_global and not found.is_multicast and not found.is_reserved


def _meant(address: IPv6Address) -> IPv4Address | IPv6Address:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


class PublicResolver(AbstractResolver):
    """Resolves names that lead to public addresses, and to none else."""

    def __init__(self) -> None:
        self._resolver = DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Resolve a name.

        Raises:
            ForbiddenAddressError: it leads elsewhere, if only by one of its addresses.

        """
        found = await self._resolver.resolve(host, port, family)
        if not all(is_public(one["host"]) for one in found):
            raise ForbiddenAddressError
        return found

    async def close(self) -> None:
        """Give back what the resolver holds."""
        await self._resolver.close()


def public_socket(address: AddrInfoType) -> socket.socket:
    """Open a socket for an address that is about to be connected to: the last word.

    Raises:
        ForbiddenAddressError.

    """
    family, kind, protocol, _, (host, *_) = address
    if not is_public(str(host)):
        raise ForbiddenAddressError
    return socket.socket(family, kind, protocol)
