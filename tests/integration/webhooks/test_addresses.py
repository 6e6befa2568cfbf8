"""Requests go where they may, whatever a name resolves to and however an address is written."""

import datetime as dt
import ssl
from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_network
from pathlib import Path
from socket import AF_INET, AddressFamily

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from webhooks.egress import Egress
from webhooks.posting import posting

from tests.integration.webhooks.endpoint import Endpoint, Request, listening

TIMEOUT = 5.0
HOST = "hooks.example.test"
NOBODY = Egress(http_is_allowed=True)
ONE = Egress([ip_network("127.0.0.1/32")], http_is_allowed=True)


class Told(AbstractResolver):
    """A name server that gives one answer after the other, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0)
            for each in addresses
        ]

    async def close(self) -> None:
        return


async def post(egress: Egress, url: str, names: Told | None = None) -> str | int | None:
    """The status code of one request, or the name of what went wrong."""
    more = {"names": lambda: names} if names else {}
    async with posting(egress, TIMEOUT, **more) as poster:  # type: ignore[arg-type]
        answer = await poster.post(url, {}, b"{}")
    return answer.error or answer.status_code


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
    ],
)
async def test_nothing_is_sent_to_this_machine_unless_a_setting_allows_it(
    endpoint: Endpoint, host: str
) -> None:
    refusals = {"address-not-allowed", "url-not-allowed"}  # the client takes few numbers as hosts
    assert await post(NOBODY, f"http://{host}:{endpoint.port}/") in refusals
    assert endpoint.requests == []


async def test_it_is_sent_where_a_setting_allows_it(endpoint: Endpoint) -> None:
    assert await post(ONE, f"http://localhost:{endpoint.port}/") == 204


@pytest.mark.parametrize("address", ["127.0.0.2", "10.0.0.1", "169.254.169.254", "192.168.0.1"])
async def test_a_name_that_points_inside_is_not_connected_to(
    endpoint: Endpoint, address: str
) -> None:
    url = f"http://{HOST}:{endpoint.port}/"
    assert await post(ONE, url, Told([address])) == "address-not-allowed"


async def test_a_name_that_points_elsewhere_a_moment_later_is_checked_again(
    endpoint: Endpoint,
) -> None:
    """Each connection asks once, and goes to the very address that was checked."""

    async def closing(_request: Request) -> web.StreamResponse:
        response = web.Response()
        response.force_close()
        return response

    endpoint.answer = closing
    names = Told(["127.0.0.1"], ["127.0.0.2"], ["127.0.0.1"])
    url = f"http://{HOST}:{endpoint.port}/"
    async with posting(ONE, TIMEOUT, names=lambda: names) as poster:
        outcomes = [await poster.post(url, {}, b"{}") for _ in range(3)]
    assert [each.error or each.status_code for each in outcomes] == [
        200,
        "address-not-allowed",
        200,
    ]
    assert names.asked == 3
    assert len(endpoint.requests) == 2


async def test_of_several_addresses_only_an_allowed_one_is_used(endpoint: Endpoint) -> None:
    names = Told(["169.254.169.254", "127.0.0.1"])
    assert await post(ONE, f"http://{HOST}:{endpoint.port}/", names) == 204
    assert endpoint.requests[0].headers["host"] == f"{HOST}:{endpoint.port}"


async def test_a_name_that_nobody_has_is_told_as_such() -> None:
    assert await post(ONE, "http://nobody.invalid/") == "name-not-resolved"


async def test_the_proxy_of_the_environment_is_not_used(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{endpoint.port}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{endpoint.port}")
    assert await post(ONE, "http://127.0.0.1:9/") == "not-connected"
    assert endpoint.requests == []


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of its own for HOST, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


@pytest.fixture
async def tls_endpoint(certificate: Path) -> AsyncIterator[Endpoint]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with listening(context) as made:
        yield made


@pytest.mark.parametrize(
    ("host", "is_trusted", "outcome"),
    [
        (HOST, True, 204),
        (HOST, False, "certificate-not-valid"),
        ("another.example.test", True, "certificate-not-valid"),
        ("127.0.0.1", True, "certificate-not-valid"),
    ],
)
async def test_tls_verifies_the_name_in_the_url_and_not_the_address(
    tls_endpoint: Endpoint, certificate: Path, host: str, *, is_trusted: bool, outcome: str | int
) -> None:
    ca_file = str(certificate) if is_trusted else None
    names = Told(["127.0.0.1"])
    async with posting(ONE, TIMEOUT, ca_file, lambda: names) as poster:
        answer = await poster.post(f"https://{host}:{tls_endpoint.port}/", {}, b"{}")
    assert (answer.error or answer.status_code) == outcome
    assert bool(tls_endpoint.requests) == (outcome == 204)
