"""Where requests of ours may go that others have named."""

from ipaddress import ip_address

import pytest

from models.errors import Invalid
from models.outside.targets import Allowed, check_address, is_public, networks_of, read_target


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("64:ff9b::5db8:d822", True),  # 93.184.216.34, translated
        ("127.0.0.1", False),
        ("10.0.0.8", False),
        ("172.16.3.4", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),  # a provider's own
        ("169.254.169.254", False),  # a cloud's metadata
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd00:ec2::254", False),
        ("ff02::1", False),
        ("::ffff:169.254.169.254", False),
        ("::127.0.0.1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
        ("2001:0:4136:e378:8000:63bf:f5ff:fffe", False),
    ],
)
def test_public_is_what_everybody_reaches(address: str, public: bool):
    assert is_public(ip_address(address)) is public


def test_a_network_that_is_listed_is_allowed_and_no_other():
    allowed = Allowed(networks=networks_of("10.1.0.0/16, 127.0.0.1,fd00::/8"))
    for good in ("10.1.2.3", "127.0.0.1", "fd00::7", "93.184.216.34"):
        check_address(ip_address(good), allowed)
    for bad in ("10.2.0.1", "127.0.0.2", "169.254.169.254"):
        with pytest.raises(Invalid, match="AFTERCARE_WEBHOOK_NETWORKS"):
            check_address(ip_address(bad), allowed)


@pytest.mark.parametrize("text", ["10.1.0.0/33", "home", "10.1.0.1/16"])
def test_what_is_no_network_is_named(text: str):
    with pytest.raises(Invalid, match="is no network"):
        networks_of(text)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.com/", "must be of https"),
        ("ftp://example.com/", "must be of https"),
        ("https://", "name a host"),
        ("example.com", "must be of"),
        ("https://li:secret@example.com/", "name or password"),
        ("https://example.com/#top", "'#'"),
        ("https://example.com:0/", "port"),
        ("https://example.com:99999/", "cannot be read"),
        ("https://[::1", "cannot be read"),
        ("https://exa mple.com/", "plain letters"),
        ("https://例子.中国/", "plain letters"),
        ("https://example.com/\n", "plain letters"),
        ("https://example.com/" + "x" * 2000, "plain letters"),
        ("https://127.0.0.1/", "not public"),
        ("https://[fe80::1%25eth0]/", "not public"),
    ],
)
def test_an_address_that_may_not_be_asked_says_why(url: str, why: str):
    with pytest.raises(Invalid, match=why):
        read_target(url, Allowed())


def test_an_address_that_may_be_asked_is_taken_apart():
    found = read_target("https://erp.example.com:8443/a?b=c", Allowed())
    assert (found.scheme, found.host, found.port) == ("https", "erp.example.com", 8443)
    assert read_target("http://example.com", Allowed(http=True)).port == 80
