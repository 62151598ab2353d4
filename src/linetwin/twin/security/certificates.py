"""What a certificate says: names, dates, thumbprints, fitness for OPC UA."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from linetwin.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from pathlib import Path

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

# OPC 10000-7, the limits of the three policies that are offered [M].
KEY_BITS = (2048, 4096)
SIGNED_BY = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
WARNING_DAYS = 30
"""Days before its end from which a certificate is told to be renewed [A]."""

_SEQUENCE = 0x30
_LONG_LENGTH = 0x80
_PEM = b"-----BEGIN"


@dataclass(frozen=True)
class Certificate:
    """One X.509 certificate and what OPC UA asks of it; equal where every byte is."""

    der: bytes

    @cached_property
    def parsed(self) -> x509.Certificate:
        """Return the certificate as `cryptography` reads it; ValueError for anything else."""
        try:
            return x509.load_der_x509_certificate(self.der)
        except x509.InvalidVersion as error:
            raise ValueError(str(error)) from error

    @property
    def thumbprint(self) -> str:
        """Return OPC UA's name of a certificate: SHA-1 of its bytes, 40 capital hex digits."""
        return hashlib.sha1(self.der, usedforsecurity=False).hexdigest().upper()

    @property
    def fingerprint(self) -> str:
        """Return SHA-256 of its bytes, 64 capital hex digits: what a person compares."""
        return hashlib.sha256(self.der).hexdigest().upper()

    @property
    def name(self) -> str:
        """Return the common name of the subject, or all of the subject where it has none."""
        return _common_name(self.parsed.subject)

    @property
    def issuer(self) -> str:
        """Return the common name of the issuer."""
        return _common_name(self.parsed.issuer)

    @property
    def is_self_signed(self) -> bool:
        """Tell whether subject and issuer are the same name."""
        return self.parsed.subject == self.parsed.issuer

    @property
    def is_authority(self) -> bool:
        """Tell whether it may issue other certificates.

        An application's certificate may not, whatever it says of itself: some stacks mark their
        own as a CA's, and whoever holds its key could then make others that are believed.
        """
        usage = self._extension(x509.KeyUsage)
        basic = self._extension(x509.BasicConstraints)
        may_sign = usage is None or usage.key_cert_sign
        return basic is not None and basic.ca and may_sign and not self.application_uris

    @property
    def path_length(self) -> int | None:
        """Return how many CAs may stand between it and an application; None for any number."""
        basic = self._extension(x509.BasicConstraints)
        return None if basic is None else basic.path_length

    @property
    def begins(self) -> datetime:
        """Return the first moment of its validity, UTC."""
        return self.parsed.not_valid_before_utc

    @property
    def ends(self) -> datetime:
        """Return the last moment of its validity, UTC."""
        return self.parsed.not_valid_after_utc

    @property
    def application_uris(self) -> tuple[str, ...]:
        """Return the URIs among its alternative names: the application's."""
        names = self._extension(x509.SubjectAlternativeName)
        if names is None:
            return ()
        return tuple(names.get_values_for_type(x509.UniformResourceIdentifier))

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return the host names and addresses among its alternative names."""
        names = self._extension(x509.SubjectAlternativeName)
        if names is None:
            return ()
        addresses = names.get_values_for_type(x509.IPAddress)
        return (*names.get_values_for_type(x509.DNSName), *map(str, addresses))

    @property
    def key_bits(self) -> int | None:
        """Return the length of its RSA key, bits; None for another kind of key, or none at all."""
        try:
            key = self.parsed.public_key()
        except (UnsupportedAlgorithm, ValueError):  # a key of no kind that is known, or damaged
            return None
        return key.key_size if isinstance(key, rsa.RSAPublicKey) else None

    def _extension(self, kind: type[_Extension]) -> _Extension | None:
        try:
            return self.parsed.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None

    def is_for(self, host: str) -> bool:
        """Tell whether it names this host, given as a name (case ignored) or an address."""
        try:
            wanted = str(ipaddress.ip_address(host.strip("[]")))
        except ValueError:
            wanted = host.lower().rstrip(".")
        return wanted in {each.lower().rstrip(".") for each in self.hosts}

    def weakness(self) -> str:
        """Return why its key or signature is too weak for the policies; empty if it is not."""
        low, high = KEY_BITS
        bits = self.key_bits
        if bits is None or not low <= bits <= high:
            kind = "no RSA key" if bits is None else f"an RSA key of {bits} bits"
            return f"it has {kind}, the policies ask for {low} to {high} bits"
        if not isinstance(self.parsed.signature_hash_algorithm, SIGNED_BY):
            algorithm = self.parsed.signature_hash_algorithm
            name = "an unknown hash" if algorithm is None else algorithm.name.upper()
            return f"it is signed with {name}, the policies ask for SHA-256 or longer"
        return ""

    def misuse(self, *, by_server: bool) -> str:
        """Return why it may not be used by a server (or a client); empty if it may.

        Table of OPC 10000-6, 6.2.2: signing and encrypting in its key usage, and server or client
        authentication in its extended key usage where it has one.
        """
        usage = self._extension(x509.KeyUsage)
        if usage is None:
            return "it has no key usage"
        if not (usage.digital_signature and usage.key_encipherment):
            return "its key may not be used both to sign and to encrypt keys"
        extended = self._extension(x509.ExtendedKeyUsage)
        if extended is None:
            return ""
        side = "server" if by_server else "client"
        wanted = ExtendedKeyUsageOID.SERVER_AUTH if by_server else ExtendedKeyUsageOID.CLIENT_AUTH
        return "" if wanted in extended else f"it is not for {side}s"

    def days_left(self, now: datetime) -> float:
        """Return the days until its end; negative once it has expired."""
        return (self.ends - now) / timedelta(days=1)

    def warning(self, now: datetime) -> str:
        """Return what a person should know of its dates; empty where nothing presses."""
        left = self.days_left(now)
        if left < 0.0:
            return f"expired {-left:.0f} days ago"
        if now < self.begins:
            return f"not valid before {self.begins:%Y-%m-%d %H:%M} UTC"
        return f"expires in {left:.0f} days" if left <= WARNING_DAYS else ""


def first_of(chain: bytes) -> bytes:
    """Return the first certificate of a chain as OPC UA sends it: one DER after another."""
    header = 2
    if len(chain) < header or chain[0] != _SEQUENCE:
        return chain
    length = chain[1]
    if length & _LONG_LENGTH:
        digits = length & ~_LONG_LENGTH
        length = int.from_bytes(chain[header : header + digits], "big")
        header += digits
    return chain[: header + length]


def read_certificate(file: Path) -> Certificate:
    """Return the certificate in a file, DER or PEM; ScenarioError where there is none."""
    content = file.read_bytes()
    try:
        if content.lstrip().startswith(_PEM):
            content = x509.load_pem_x509_certificate(content).public_bytes(Encoding.DER)
        certificate = Certificate(content)
        _ = certificate.parsed
    except ValueError as error:
        problem = Problem("no certificate", hint="X.509 in DER or PEM", file=file)
        raise ScenarioError([problem]) from error
    return certificate


def _common_name(name: x509.Name) -> str:
    attributes = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(attributes[0].value) if attributes else name.rfc4514_string()
