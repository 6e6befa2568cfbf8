"""Where requests may go: URLs in every form that somebody has tried, and addresses."""

import socket
from ipaddress import ip_address, ip_network

import pytest
from webhooks.egress import AddressNotAllowedError, Egress, UrlNotAllowedError

PUBLIC = Egress()
OPEN = Egress((ip_network("127.0.0.0/8"), ip_network("fd00::/8")), http_is_allowed=True)

REFUSED = [
    ("http://hooks.example/", "scheme"),
    ("ftp://hooks.example/", "scheme"),
    ("file:///etc/passwd", "scheme"),
    ("gopher://127.0.0.1:25/", "scheme"),
    ("//hooks.example/", "scheme"),
    ("hooks.example", "scheme"),
    ("https://anna:geheim@hooks.example/", "credentials"),
    ("https://anna@hooks.example/", "credentials"),
    ("https://hooks.example@127.0.0.1/", "credentials"),
    ("https://:secret@hooks.example/", "credentials"),
    ("https://hooks.example/#part", "fragment"),
    ("https:///nobody", "host"),
    ("https://hooks.example:99999/", "form"),
    ("https://hooks.example:0/", "host"),
    ("https://hooks.example/a b", "form"),
    ("https://hooks.example/\r\nX-Injected: 1", "form"),
    ("https://hóoks.example/", "form"),
    ("https://[::1", "form"),
    ("https://127.0.0.1/", "address"),
    ("https://127.0.0.1./", "address"),
    ("https://127.1/", "host"),
    ("https://2130706433/", "host"),
    ("https://0x7f000001/", "host"),
    ("https://0x7f.0.0.1/", "host"),
    ("https://0177.0.0.1/", "host"),
    ("https://10.0.0.0x1/", "host"),
    ("https://0/", "host"),
    ("https://0.0.0.0/", "address"),
    ("https://10.1.2.3/", "address"),
    ("https://172.16.0.1/", "address"),
    ("https://192.168.1.1/", "address"),
    ("https://100.100.100.200/", "address"),
    ("https://169.254.169.254/latest/meta-data/", "address"),
    ("https://168.63.129.16/", "address"),
    ("https://192.0.0.192/", "address"),
    ("https://198.18.0.1/", "address"),
    ("https://224.0.0.1/", "address"),
    ("https://255.255.255.255/", "address"),
    ("https://[::1]/", "address"),
    ("https://[::]/", "address"),
    ("https://[::ffff:127.0.0.1]/", "address"),
    ("https://[::ffff:a9fe:a9fe]/", "address"),
    ("https://[::127.0.0.1]/", "address"),
    ("https://[64:ff9b::7f00:1]/", "address"),
    ("https://[2002:7f00:1::]/", "address"),
    ("https://[2001:0:7f00:1::]/", "address"),
    ("https://[fe80::1]/", "address"),
    ("https://[fd00:ec2::254]/", "address"),
    ("https://[fec0::1]/", "address"),
    ("https://[ff02::1]/", "address"),
    ("https://" + "a" * 2000 + ".example/", "form"),
]


@pytest.mark.parametrize(("url", "reason"), REFUSED)
def test_a_url_into_the_inside_is_refused(url: str, reason: str) -> None:
    with pytest.raises(UrlNotAllowedError) as refusal:
        PUBLIC.require_url(url)
    assert refusal.value.details["reason"] == reason


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://hooks.example/in?token=1", "hooks.example"),
        ("https://Hooks.Example:8443/", "hooks.example"),
        ("https://1.1.1.1/", "1.1.1.1"),
        ("https://[2606:4700:4700::1111]/", "2606:4700:4700::1111"),
        ("https://[64:ff9b::101:101]/", "64:ff9b::101:101"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("https://1password.example/", "1password.example"),
    ],
)
def test_a_url_of_the_internet_is_taken_with_its_host(url: str, host: str) -> None:
    assert PUBLIC.require_url(url) == host


def test_what_a_setting_allows_is_taken() -> None:
    assert OPEN.require_url("http://127.0.0.1:8080/in") == "127.0.0.1"
    assert OPEN.require_url("http://[::ffff:127.0.0.1]/in") == "::ffff:7f00:1"
    assert OPEN.permits(ip_address("fd00::1"))
    assert not OPEN.permits(ip_address("10.0.0.1"))
    with pytest.raises(UrlNotAllowedError):
        OPEN.require_url("http://169.254.169.254/")


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "::ffff:127.0.0.1", "::1"])
def test_no_socket_is_opened_to_an_address_inside(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with pytest.raises(AddressNotAllowedError):
        PUBLIC.open_socket((family, socket.SOCK_STREAM, 0, "", (address, 443)))


def test_a_scope_does_not_hide_an_address() -> None:
    with pytest.raises(AddressNotAllowedError):
        PUBLIC.open_socket((socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("fe80::1%1", 443, 0, 1)))


def test_a_socket_is_opened_to_an_address_of_the_internet() -> None:
    with PUBLIC.open_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("1.1.1.1", 443))) as made:
        assert made.family == socket.AF_INET
