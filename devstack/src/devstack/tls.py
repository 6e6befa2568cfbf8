"""Certificates for a broker on this machine: an authority of its own, and what the broker shows.

The authority signs once, when the folder is made, and its key is thrown away: nobody can make a
second certificate that our clients would trust.
"""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from devstack import ports

AUTHORITY = "Rapport devstack"
BROKER = "rapport-kafka"
DAYS = 3650


def authority_file(folder: Path) -> Path:
    return folder / "ca.pem"


def broker_file(folder: Path) -> Path:
    return folder / "broker.pem"


def prepare(folder: Path) -> None:
    """Make `ca.pem`, and `broker.pem` with key and certificate, unless they are there."""
    if broker_file(folder).exists():
        return
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _authority(authority_key)
    authority_file(folder).write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    certificate = _certificate(key, authority, authority_key)
    draft = folder / "broker.new"
    draft.touch(mode=0o600)
    draft.write_bytes(_private(key) + certificate.public_bytes(serialization.Encoding.PEM))
    draft.replace(broker_file(folder))


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name(AUTHORITY)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        _draft(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )


def _certificate(
    key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    """For the listener that clients see, and for the broker's own calls to its controller."""
    names = [x509.DNSName("localhost"), x509.IPAddress(IPv4Address(ports.HOST))]
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    return (
        _draft(_name(BROKER), authority.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(issuer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _draft(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # clocks differ
        .not_valid_after(now + timedelta(days=DAYS))
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    """In PKCS#8, which is what Kafka reads."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
