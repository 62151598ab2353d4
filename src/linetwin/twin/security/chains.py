"""From a certificate to the root that issued it, and whether anything on the way was revoked.

Steps of OPC 10000-4, 6.1.3. A revocation list counts only with the signature of the CA that it
speaks for, and until the moment at which its next one was due.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from linetwin.errors import Problem, ScenarioError
from linetwin.twin.security.reasons import Reason, refusal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from linetwin.twin.security.certificates import Certificate

LONGEST_CHAIN = 8
"""Certificates in a chain, above which it is not followed [A]."""

_PEM = b"-----BEGIN"


def chain_of(certificate: Certificate, known: Sequence[Certificate]) -> list[Certificate]:
    """Return the certificate and its issuers up to the root, each signature verified.

    Raises RefusedError for a signature that is wrong and for an issuer that is not known.
    """
    chain = [certificate]
    while not chain[-1].is_self_signed:
        issuer = _issuer(chain[-1], known)
        if issuer is None or len(chain) == LONGEST_CHAIN:
            message = f"{chain[-1].name!r} was issued by {chain[-1].issuer!r}, which is not here"
            remedy = (
                "put the CA's certificate into issuers/, or into trusted/ to believe all it issues"
            )
            raise refusal(Reason.INCOMPLETE, message, remedy)
        if issuer.path_length is not None and len(chain) - 1 > issuer.path_length:
            message = f"{issuer.name!r} may not stand so far above {certificate.name!r}"
            raise refusal(Reason.SIGNATURE, message, "ask its owner how it was issued")
        chain.append(issuer)
    root = chain[-1].parsed
    try:
        root.verify_directly_issued_by(root)
    except (InvalidSignature, ValueError, TypeError) as error:
        message = f"{chain[-1].name!r} does not carry its own signature"
        raise refusal(Reason.SIGNATURE, message, "ask its owner for a whole one") from error
    return chain


def _issuer(certificate: Certificate, known: Sequence[Certificate]) -> Certificate | None:
    """Return the CA whose signature it carries; several may have one name after a renewal."""
    named = [each for each in known if each.parsed.subject == certificate.parsed.issuer]
    for each in named:
        if not each.is_authority:
            continue
        try:
            certificate.parsed.verify_directly_issued_by(each.parsed)
        except (InvalidSignature, ValueError, TypeError):
            continue
        return each
    if any(each.is_authority for each in named):
        message = f"{certificate.name!r} names {certificate.issuer!r}, which did not sign it"
        raise refusal(Reason.SIGNATURE, message, "ask its owner for a whole one")
    return None


@dataclass(frozen=True)
class RevocationList:
    """One CRL and the file it was read from."""

    file: Path
    crl: x509.CertificateRevocationList

    def is_of(self, issuer: Certificate) -> bool:
        """Tell whether the CA signed it."""
        if self.crl.issuer != issuer.parsed.subject:
            return False
        try:
            key = issuer.parsed.public_key()
            return self.crl.is_signature_valid(key)  # type: ignore[arg-type]  # checked by it
        except (TypeError, ValueError, UnsupportedAlgorithm):
            return False

    def names(self, certificate: Certificate) -> bool:
        """Tell whether the certificate is on the list."""
        serial = certificate.parsed.serial_number
        return self.crl.get_revoked_certificate_by_serial_number(serial) is not None

    def is_current(self, now: datetime) -> bool:
        """Tell whether the next list is not due yet; a list that names no time stays current."""
        due = self.crl.next_update_utc
        return due is None or now <= due


def read_revocation_list(file: Path) -> RevocationList:
    """Return the CRL in a file, DER or PEM; ScenarioError where there is none."""
    content = file.read_bytes()
    try:
        if content.lstrip().startswith(_PEM):
            crl = x509.load_pem_x509_crl(content)
        else:
            crl = x509.load_der_x509_crl(content)
    except ValueError as error:
        hint = "a CRL in DER or PEM"
        raise ScenarioError([Problem("no revocation list", hint=hint, file=file)]) from error
    return RevocationList(file, crl)


def check_revocation(
    chain: Sequence[Certificate],
    lists: Sequence[RevocationList],
    now: datetime,
    *,
    lists_required: bool,
) -> None:
    """Raise RefusedError where a certificate of the chain is revoked, or none can tell.

    A root answers for itself: it is believed or not by its place in trusted/. A list that is past
    its time still revokes; it only no longer clears anybody.
    """
    for certificate, issuer in itertools.pairwise(chain):
        own = [each for each in lists if each.is_of(issuer)]
        if any(each.names(certificate) for each in own):
            reason = Reason.REVOKED if certificate is chain[0] else Reason.ISSUER_REVOKED
            message = f"{certificate.name!r} was revoked by {issuer.name!r}"
            raise refusal(reason, message, "ask its owner for a new certificate")
        if lists_required and not any(each.is_current(now) for each in own):
            state = "is past its time" if own else "is not here"
            message = f"the revocation list of {issuer.name!r} {state}"
            raise refusal(Reason.NO_LIST, message, "put its newest CRL into revoked/")
