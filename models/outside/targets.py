"""Where requests of ours may go that others have named: which addresses are public, and which a shop allows besides.

Whoever may enter an address could else have us ask things of our own network that nobody outside reaches: databases, a
cloud's metadata service, the console of a router. What counts is the address that is connected to, not its name.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from models.errors import Invalid

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
#: Longer than any address that people enter.
LONGEST = 2000
#: IPv6 addresses that stand for an IPv4 address in their last four bytes.
_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"), IPv6Network("::/96"))


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a shop allows beyond public addresses by https: plain http, and networks of its own."""

    http: bool = False
    networks: tuple[Network, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart."""

    url: str
    scheme: str
    host: str
    port: int


def networks_of(text: str) -> tuple[Network, ...]:
    """Networks separated by commas, such as `10.1.0.0/16, 127.0.0.1`. Raises Invalid naming the one that is none."""
    found: list[Network] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            found.append(ip_network(part))
        except ValueError:
            raise Invalid(f"{part[:60]!a} is no network; write one like 10.1.0.0/16.") from None
    return tuple(found)


def read_target(url: str, allowed: Allowed) -> Target:
    """An address that may be asked as far as its text tells. Raises Invalid saying what is wrong with it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _wrong("cannot be read; write one like https://example.com/aftercare") from None
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise _wrong(f"must be plain letters without blanks, at most {LONGEST}; write other letters as xn--… and %…")
    schemes = ("https", "http") if allowed.http else ("https",)
    if parts.scheme not in schemes or not host:
        raise _wrong(f"must be of {' or '.join(schemes)} and name a host")
    if parts.username is not None or parts.password is not None:
        raise _wrong("must not hold a name or password: deliveries are signed instead")
    if parts.fragment:
        raise _wrong("must not hold a '#'")
    if port == 0:
        raise _wrong("must name a port from 1 to 65535")
    if _is_address(host):
        check_address(ip_address(host), allowed)
    return Target(url, parts.scheme, host, port or (443 if parts.scheme == "https" else 80))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _wrong(what: str) -> Invalid:
    told = f"The address {what}."
    return Invalid(told, errors=[{"field": "url", "message": told}])


def check_address(address: Address, allowed: Allowed) -> None:
    """Raises Invalid for an address that is neither public nor in a network that the shop allows."""
    if not any(address in network for network in allowed.networks) and not is_public(address):
        raise _wrong("leads to a network that is not public; list it in AFTERCARE_WEBHOOK_NETWORKS if that is meant")


def is_public(address: Address) -> bool:
    """Whether anybody on the internet reaches it: nothing private, of a link, or of this machine."""
    if isinstance(address, IPv6Address):
        inside = _embedded(address)
        if inside is not None:
            return is_public(inside)
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _TRANSLATED):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


def check_all(addresses: Collection[Address], allowed: Allowed) -> None:
    """Every address that a name leads to must be allowed, so that its owner cannot choose which is connected to."""
    for address in addresses:
        check_address(address, allowed)
