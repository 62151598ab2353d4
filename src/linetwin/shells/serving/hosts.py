"""By which names a server may be called: a page in a browser can make any name point at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import NameOID

from linetwin.errors import ShellError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


def names_of(certificate: Path) -> frozenset[str]:
    """Return the names and addresses that a certificate is for; ShellError where it is none."""
    try:
        found = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
        texts = _alternatives(found)
    except (OSError, ValueError, x509.DuplicateExtension) as error:
        raise ShellError(f"{certificate}: cannot be used: {error}") from error
    return frozenset(each.lower() for each in texts)


def _alternatives(certificate: x509.Certificate) -> list[str]:
    """Return the alternative names of a certificate, its common names where it has none."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return [str(each.value) for each in common]
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    return [*names.get_values_for_type(x509.DNSName), *addresses]


def name_in(header: str) -> str:
    """Return the name of a Host header, without its port; "" where it says none."""
    host = header.strip().rpartition("@")[2].lower()
    if host.startswith("["):
        return host.partition("]")[0].removeprefix("[")
    return host.partition(":")[0].removesuffix(".")


def is_called_by(name: str, allowed: Collection[str]) -> bool:
    """Say whether a name is allowed; `*.example.com` allows one more part before the rest."""
    return name in allowed or f"*.{name.partition('.')[2]}" in allowed
