"""An application's own certificates: made here, renewed beside the old ones, never overwritten.

Fields as OPC 10000-6, 6.2.2 asks: version 3, the application's URI and its hosts as alternative
names, key usage to sign and to encrypt, extended key usage of client and server. What the table
says of a self-signed certificate's key usage (keyCertSign) is followed [M].
"""

from __future__ import annotations

import ipaddress
import re
import socket
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from linetwin.errors import Problem, ScenarioError
from linetwin.twin.security.certificates import Certificate, read_certificate
from linetwin.twin.security.folders import PRIVATE_FILE, PUBLIC_FILE, sync_folder, write_new

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.twin.security.folders import SecurityFolder

KEY_SIZES = (2048, 3072)
VALID_DAYS = 365
_EARLIER = timedelta(hours=1)
"""A certificate begins this long before it is made: other clocks may be late [A]."""

_CERTIFICATE = re.compile(r"certificate-(\d{4})\.der")
_KEY = re.compile(r"key-(\d{4})\.pem")
_OTHERS = 0o077
_COMMON_NAME_LENGTH = 64  # RFC 5280, ub-common-name


@dataclass(frozen=True)
class Wish:
    """What a new certificate is to say; `hosts` empty means this machine's names."""

    name: str
    organisation: str = "linetwin"
    uri: str = ""
    hosts: tuple[str, ...] = ()
    key_bits: int = 2048
    days: int = VALID_DAYS

    def application_uri(self) -> str:
        """Return the URI that was asked for, or one of this machine and the name."""
        if self.uri:
            return self.uri
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", self.name)
        return f"urn:{socket.gethostname().lower()}:linetwin:{plain}"

    def check(self) -> None:
        """Raise ScenarioError where a certificate cannot say this."""
        problems = []
        if self.key_bits not in KEY_SIZES:
            allowed = " or ".join(map(str, KEY_SIZES))
            problems.append(Problem(f"{self.key_bits} bits", "--bits", allowed))
        if not 0 < len(self.name) <= _COMMON_NAME_LENGTH:
            problems.append(Problem(repr(self.name), "--name", "1 to 64 characters"))
        if self.days < 1:
            problems.append(Problem(f"{self.days} days", "--days", "at least 1"))
        if ":" not in self.application_uri() or not self.application_uri().isascii():
            problems.append(Problem(self.uri, "--uri", "such as urn:press-1:linetwin:twin"))
        if problems:
            raise ScenarioError(problems)


@dataclass(frozen=True)
class Identity:
    """One certificate of the application with the file of its key."""

    certificate: Certificate
    certificate_file: Path
    key_file: Path

    @property
    def application_uri(self) -> str:
        """Return the URI that client or server must say it has."""
        return self.certificate.application_uris[0]

    def key(self) -> rsa.RSAPrivateKey:
        """Return the private key; ScenarioError where others may read it or it is another's."""
        if sys.platform != "win32" and self.key_file.stat().st_mode & _OTHERS:
            problem = Problem("others may read it", hint="chmod 600", file=self.key_file)
            raise ScenarioError([problem])
        try:
            key = load_pem_private_key(self.key_file.read_bytes(), password=None)
        except ValueError as error:
            raise ScenarioError([Problem("no private key", file=self.key_file)]) from error
        if (
            not isinstance(key, rsa.RSAPrivateKey)
            or key.public_key() != self.certificate.parsed.public_key()
        ):
            hint = f"the key of {self.certificate_file.name}"
            raise ScenarioError([Problem("another key", hint=hint, file=self.key_file)])
        return key


def create_identity(folder: SecurityFolder, wish: Wish, now: datetime | None = None) -> Identity:
    """Make the first certificate of an application; ScenarioError where it has one."""
    existing = _generations(folder)
    if existing:
        message = "the application has a certificate already"
        hint = "linetwin live certificate renew makes the next"
        raise ScenarioError([Problem(message, hint=hint, file=existing[-1].certificate_file)])
    return _make(folder, wish, now or datetime.now(UTC))


def renew_identity(
    folder: SecurityFolder, days: int = VALID_DAYS, now: datetime | None = None
) -> Identity:
    """Make the next certificate, with a new key, that says the same; the old one stays."""
    old = identity(folder)
    bits = old.certificate.key_bits or KEY_SIZES[0]
    organisation = old.certificate.parsed.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    wish = Wish(
        old.certificate.name,
        str(organisation[0].value) if organisation else "linetwin",
        old.application_uri,
        old.certificate.hosts,
        bits if bits in KEY_SIZES else KEY_SIZES[-1],
        days,
    )
    return _make(folder, wish, now or datetime.now(UTC))


def newest_identity(folder: SecurityFolder) -> Identity | None:
    """Return the newest certificate of an application; None where it has none."""
    return next(reversed(_generations(folder)), None)


def identity(folder: SecurityFolder) -> Identity:
    """Return the newest certificate of an application; ScenarioError where it has none."""
    newest = newest_identity(folder)
    if newest is None:
        hint = f"linetwin live certificate create --security {folder.root}"
        raise ScenarioError([Problem("no certificate of our own", hint=hint, file=folder.own)])
    return newest


def valid_identities(folder: SecurityFolder, now: datetime | None = None) -> list[Identity]:
    """Return all certificates that are valid now, the newest first.

    After a renewal others may still trust only the one before: a link that is refused with the
    newest can be tried with the next.
    """
    moment = now or datetime.now(UTC)
    return [
        each
        for each in reversed(_generations(folder))
        if each.certificate.begins <= moment <= each.certificate.ends
    ]


def _generations(folder: SecurityFolder) -> list[Identity]:
    if not folder.own.is_dir():
        return []
    found = []
    for file in sorted(folder.own.iterdir()):
        match = _CERTIFICATE.fullmatch(file.name)
        key = folder.own / f"key-{match[1]}.pem" if match else None
        if key is not None and key.is_file():
            found.append(Identity(read_certificate(file), file, key))
    return found


def _next_number(folder: SecurityFolder) -> int:
    """Return a number that no file has, not even a key whose certificate was never written."""
    matches = [_KEY.fullmatch(file.name) for file in folder.own.iterdir()]
    return max((int(match[1]) for match in matches if match), default=0) + 1


def _make(folder: SecurityFolder, wish: Wish, now: datetime) -> Identity:
    wish.check()
    folder.make()
    number = _next_number(folder)
    key = rsa.generate_private_key(public_exponent=65537, key_size=wish.key_bits)
    certificate = _sign(wish, key, now)
    key_file = folder.own / f"key-{number:04}.pem"
    certificate_file = folder.own / f"certificate-{number:04}.der"
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        # The key first: a certificate without its key would look like an identity.
        write_new(key_file, text, PRIVATE_FILE)
        write_new(certificate_file, certificate.public_bytes(Encoding.DER), PUBLIC_FILE)
    except FileExistsError as error:
        problem = Problem("is there already and is not overwritten", file=key_file)
        raise ScenarioError([problem]) from error
    sync_folder(folder.own)
    return Identity(read_certificate(certificate_file), certificate_file, key_file)


def _sign(wish: Wish, key: rsa.RSAPrivateKey, now: datetime) -> x509.Certificate:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, wish.name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, wish.organisation),
        ]
    )
    public = key.public_key()
    usage = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + timedelta(days=wish.days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        .add_extension(x509.SubjectAlternativeName(_names(wish)), critical=False)
    )
    return builder.sign(key, hashes.SHA256())


def _key_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _names(wish: Wish) -> list[x509.GeneralName]:
    own = (socket.gethostname(), "localhost", "127.0.0.1")
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(wish.application_uri())]
    for host in dict.fromkeys(wish.hosts or own):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names
