"""A certificate authority of the tests, and certificates that are wrong in one way each."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from linetwin.twin.security.certificates import Certificate
from linetwin.twin.security.folders import PRIVATE_FILE, PUBLIC_FILE, SecurityFolder, write_new
from linetwin.twin.security.identity import Identity, identity

DAY = timedelta(days=1)
NOW = datetime.now(UTC).replace(microsecond=0)


def key_of(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return a key that stays the same for a name: making one takes a tenth of a second."""
    return _key_of(name, bits)


@cache
def _key_of(name: str, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def named(name: str) -> x509.Name:
    """Return a subject with this common name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@dataclass(frozen=True)
class Sheet:
    """What a certificate is to say; `issuer` empty: signed by itself."""

    name: str
    issuer: str = ""
    begins: datetime = NOW - DAY
    ends: datetime = NOW + DAY
    hosts: tuple[str, ...] = ("localhost", "plant-1")
    uri: str | None = "urn:test:app"
    is_authority: bool = False
    path_length: int | None = None
    uses: tuple[x509.ObjectIdentifier, ...] = (
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.SERVER_AUTH,
    )
    bits: int = 2048
    serial: int = field(default_factory=x509.random_serial_number)

    def but(self, **changes: object) -> Sheet:
        """Return the sheet with something else on it."""
        return dataclasses.replace(self, **changes)

    def signed(self, with_key_of: str = "") -> Certificate:
        """Return the certificate; `with_key_of` signs with another's key than the issuer's."""
        signer = with_key_of or self.issuer or self.name
        key = key_of(self.name, self.bits)
        names: list[x509.GeneralName] = [x509.DNSName(host) for host in self.hosts]
        if self.uri is not None:
            names.append(x509.UniformResourceIdentifier(self.uri))
        usage = dict.fromkeys(
            ("key_agreement", "encipher_only", "decipher_only", "data_encipherment"), False
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(named(self.name))
            .issuer_name(named(self.issuer or self.name))
            .public_key(key.public_key())
            .serial_number(self.serial)
            .not_valid_before(self.begins)
            .not_valid_after(self.ends)
            .add_extension(
                x509.BasicConstraints(ca=self.is_authority, path_length=self.path_length),
                critical=True,
            )
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    content_commitment=True,
                    key_encipherment=True,
                    key_cert_sign=self.is_authority,
                    crl_sign=self.is_authority,
                    **usage,
                ),
                critical=True,
            )
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        if self.uses and not self.is_authority:
            builder = builder.add_extension(x509.ExtendedKeyUsage(self.uses), critical=False)
        signed = builder.sign(key if signer == self.name else key_of(signer), hashes.SHA256())
        return Certificate(signed.public_bytes(serialization.Encoding.DER))


CA = Sheet("ca", is_authority=True, hosts=(), uri=None, ends=NOW + 30 * DAY)


def revocation_list(
    issuer: str, serials: list[int], due: datetime = NOW + DAY, with_key_of: str = ""
) -> bytes:
    """Return the CRL of a CA."""
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=named(issuer), last_update=NOW - DAY, next_update=due
    )
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW - DAY)
        builder = builder.add_revoked_certificate(entry.build())
    signed = builder.sign(key_of(with_key_of or issuer), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


def put(folder: SecurityFolder, place: str, certificate: Certificate) -> None:
    """Put a certificate where a person would."""
    folder.make()
    (folder.root / place / f"{certificate.thumbprint}.der").write_bytes(certificate.der)


def installed(folder: SecurityFolder, sheet: Sheet) -> Identity:
    """Give an application a certificate of this kind as its own."""
    folder.make()
    text = key_of(sheet.name, sheet.bits).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    number = len(list(folder.own.glob("*.der"))) + 1
    write_new(folder.own / f"key-{number:04}.pem", text, PRIVATE_FILE)
    certificate = folder.own / f"certificate-{number:04}.der"
    write_new(certificate, sheet.signed().der, PUBLIC_FILE)
    return identity(folder)
