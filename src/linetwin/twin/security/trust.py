"""Which certificates are believed: a folder of files that a person looks after.

Everything is read anew for each check, so that a certificate that is accepted, rejected or revoked
counts from the next connection on, without a restart.
"""

from __future__ import annotations

import contextlib
import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from linetwin.errors import Problem, ScenarioError
from linetwin.results.audit import AuditLog, person
from linetwin.twin.security.certificates import Certificate, first_of, read_certificate
from linetwin.twin.security.chains import chain_of, check_revocation, read_revocation_list
from linetwin.twin.security.folders import PUBLIC_FILE, replace, sync_folder, write_new
from linetwin.twin.security.reasons import Reason, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from linetwin.twin.security.chains import RevocationList
    from linetwin.twin.security.folders import SecurityFolder

    Approve = Callable[[Certificate], bool]
    """Asks a person whether a certificate seen for the first time is to be believed."""

REJECTED_AT_MOST = 100
"""Certificates kept in rejected/: whoever knocks may not fill the disk [A]."""

_SHORTEST_PREFIX = 8
_DENIED = "denied_"
"""Begins the names of files of certificates that a person rejected; others were only seen."""

_CERTIFICATE_FILES = {".der", ".pem", ".crt", ".cer"}
_LIST_FILES = {".crl", ".der", ".pem"}


@dataclass(frozen=True)
class Peer:
    """What must be true of the other side.

    `host` is the one that was asked for, of a server; `host_override` names the other that its
    certificate may carry instead. `application_uri` is what it says of itself.
    """

    is_server: bool
    application_uri: str | None = None
    host: str | None = None
    host_override: str | None = None


@dataclass(frozen=True)
class Entry:
    """A certificate in the trust folder: in `trusted`, `rejected` or `issuers`."""

    place: str
    file: Path
    certificate: Certificate


class Trust:
    """The trust folder of one application, and the check of a certificate against it.

    With `approve` a certificate seen for the first time is shown to a person, who may say yes;
    without, it is refused. `lists_required` refuses what a CA issued where the CA's revocation
    list is missing or past its time.
    """

    def __init__(
        self,
        folder: SecurityFolder,
        *,
        approve: Approve | None = None,
        lists_required: bool = True,
    ) -> None:
        self.folder = folder
        self._approve = approve
        self._lists_required = lists_required
        self._asking = threading.Lock()

    # ------------------------------------------------------------------------------- checking
    def check(self, der: bytes, peer: Peer, now: datetime | None = None) -> Certificate:
        """Return the certificate if it is believed of this peer; RefusedError says why not.

        `der` may be a chain: its first certificate counts, issuers are taken from the folder.
        """
        moment = now or datetime.now(UTC)
        certificate = _readable(der)
        trusted = self._certificates(self.folder.trusted)
        chain = self._chain(certificate, trusted)
        _check_strength(chain)
        believed = any(each in trusted for each in chain) and not self._is_denied(
            certificate, trusted
        )
        if not believed and self._approve is None:
            raise self._unknown(certificate)
        _check_times(chain, moment)
        _check_names(certificate, peer)
        check_revocation(
            chain, self.revocation_lists(), moment, lists_required=self._lists_required
        )
        if not believed:
            self._ask(certificate)
        return certificate

    def _chain(self, certificate: Certificate, trusted: Sequence[Certificate]) -> list[Certificate]:
        known = [*trusted, *self._certificates(self.folder.issuers)]
        if not certificate.is_self_signed and not any(
            each.parsed.subject == certificate.parsed.issuer for each in known
        ):
            if certificate in trusted:
                # A person named it: believed where its issuers are not here, but then nobody can
                # tell whether they revoked it.
                return [certificate]
            self._put_aside(certificate)
        return chain_of(certificate, known)

    def _is_denied(self, certificate: Certificate, trusted: Sequence[Certificate]) -> bool:
        """Tell whether a person rejected it: a CA's word does not undo that."""
        if certificate in trusted:
            return False
        return any(
            each == certificate and file.name.startswith(_DENIED)
            for file, each in _pairs(self.folder.rejected)
        )

    def _ask(self, certificate: Certificate) -> None:
        with self._asking:  # one question at a time; a second connection waits for the answer
            if certificate in self._certificates(self.folder.trusted):
                return
            if self._approve is None or not self._approve(certificate):
                raise self._unknown(certificate)
            # Told first: what the log cannot tell is not believed.
            log = AuditLog(self.folder.log)
            log.append(person(), "trust accepted at first use", about=certificate.fingerprint)
            self.add(certificate)

    def _unknown(self, certificate: Certificate) -> Exception:
        self._put_aside(certificate)
        thumbprint = certificate.thumbprint
        remedy = (
            f"compare its SHA-256 {certificate.fingerprint} with its owner's, then: "
            f"linetwin live trust accept {thumbprint} --security {self.folder.root}"
        )
        return refusal(Reason.UNKNOWN, f"{_named(certificate)} is not trusted", remedy)

    # -------------------------------------------------------------------------- looking after
    def entries(self) -> list[Entry]:
        """Return all certificates of the folder, in the order trusted, issuers, rejected."""
        places = (self.folder.trusted, self.folder.issuers, self.folder.rejected)
        return [Entry(place.name, *pair) for place in places for pair in _pairs(place)]

    def find(self, thumbprint: str) -> Entry:
        """Return the entry of a thumbprint (or SHA-256), given whole or by 8 digits and more."""
        wanted = re.sub(r"[\s:]", "", thumbprint).upper()
        hint = "linetwin live trust list shows them"
        if len(wanted) < _SHORTEST_PREFIX:
            message = f"{thumbprint!r} is too short"
            raise ScenarioError([Problem(message, "THUMBPRINT", "8 digits or more")])
        found = {
            entry.certificate: entry
            for entry in reversed(self.entries())  # a trusted copy is the one that counts
            if entry.certificate.thumbprint.startswith(wanted)
            or entry.certificate.fingerprint.startswith(wanted)
        }
        if len(found) != 1:
            message = f"{len(found) or 'no'} certificates begin with {thumbprint!r}"
            raise ScenarioError([Problem(message, "THUMBPRINT", hint, self.folder.root)])
        return next(iter(found.values()))

    def accept(self, thumbprint: str) -> Certificate:
        """Believe a certificate that was rejected, from the next connection on."""
        certificate = self.find(thumbprint).certificate
        self.add(certificate)
        return certificate

    def reject(self, thumbprint: str) -> Certificate:
        """Believe a certificate no longer, from the next connection on."""
        certificate = self.find(thumbprint).certificate
        self.folder.make()
        denied = _file(self.folder.rejected, certificate, _DENIED)
        replace(denied, certificate.der, PUBLIC_FILE)
        self._remove(self.folder.trusted, certificate)
        return certificate

    def add(self, certificate: Certificate) -> None:
        """Put a certificate into trusted/ and take it out of rejected/."""
        self.folder.make()
        replace(_file(self.folder.trusted, certificate), certificate.der, PUBLIC_FILE)
        sync_folder(self.folder.trusted)
        self._remove(self.folder.rejected, certificate)

    def _remove(self, place: Path, certificate: Certificate) -> None:
        for file, each in _pairs(place):
            if each == certificate:
                file.unlink(missing_ok=True)

    def _put_aside(self, certificate: Certificate) -> None:
        self.folder.make()
        file = _file(self.folder.rejected, certificate)
        try:
            write_new(file, certificate.der, PUBLIC_FILE)
        except FileExistsError:
            return
        seen = [each for each, _ in _pairs(self.folder.rejected)]
        # What a person rejected stays: strangers who knock may not make it forgotten.
        free = [each for each in seen if not each.name.startswith(_DENIED)]
        for old in sorted(free, key=_written)[:-REJECTED_AT_MOST]:
            old.unlink(missing_ok=True)

    def _certificates(self, place: Path) -> list[Certificate]:
        return [certificate for _, certificate in _pairs(place)]

    def revocation_lists(self) -> list[RevocationList]:
        """Return the CRLs of the folder."""
        if not self.folder.revoked.is_dir():
            return []
        files = sorted(self.folder.revoked.iterdir())
        return [read_revocation_list(file) for file in files if _is_kept(file, _LIST_FILES)]


def _readable(der: bytes) -> Certificate:
    certificate = Certificate(first_of(der))
    try:
        _ = certificate.parsed, certificate.parsed.extensions
    except ValueError as error:
        message = f"{len(der)} bytes are no X.509 certificate"
        raise refusal(Reason.UNREADABLE, message, "ask its owner for a whole one") from error
    return certificate


def _check_strength(chain: Sequence[Certificate]) -> None:
    for certificate in chain:
        weakness = certificate.weakness()
        if weakness:
            remedy = "ask its owner for one with an RSA key of 2048 bits or more and SHA-256"
            raise refusal(Reason.WEAK, f"{_named(certificate)}: {weakness}", remedy)


def _check_times(chain: Sequence[Certificate], now: datetime) -> None:
    for certificate in chain:
        is_own = certificate is chain[0]
        dates = f"{_named(certificate)} is valid from {certificate.begins} to {certificate.ends}"
        if now > certificate.ends:
            reason = Reason.EXPIRED if is_own else Reason.ISSUER_EXPIRED
            raise refusal(reason, f"{dates}, it is {now}", "ask its owner to renew it")
        if now < certificate.begins:
            reason = Reason.NOT_YET if is_own else Reason.ISSUER_EXPIRED
            raise refusal(reason, f"{dates}, it is {now}", "compare the clocks of both machines")


def _check_names(certificate: Certificate, peer: Peer) -> None:
    misuse = certificate.misuse(by_server=peer.is_server)
    if misuse:
        remedy = "ask its owner for an application's certificate"
        raise refusal(Reason.USE, f"{_named(certificate)}: {misuse}", remedy)
    uri, uris = peer.application_uri, certificate.application_uris
    if uri is not None and uri not in uris:
        said = ", ".join(uris) or "no URI"
        message = f"the application calls itself {uri!r}, its certificate says {said}"
        raise refusal(Reason.URI, message, "ask its owner for a certificate with its own URI")
    if peer.host is None or certificate.is_for(peer.host):
        return
    if peer.host_override is not None and certificate.is_for(peer.host_override):
        return
    said = ", ".join(certificate.hosts) or "no host"
    remedy = (
        "ask for a certificate with this host, connect by a name that it has, "
        "or name the other: `host` under `security` in a mapping file, `host` under `plant` in a "
        "write policy, --host-override of live browse and propose"
    )
    raise refusal(Reason.HOST, f"connected to {peer.host}, the certificate is for {said}", remedy)


def _named(certificate: Certificate) -> str:
    return f"{certificate.name!r} ({certificate.thumbprint})"


def _file(place: Path, certificate: Certificate, prefix: str = "") -> Path:
    plain = re.sub(r"[^A-Za-z0-9.-]+", "-", certificate.name)[:40].strip(".-")
    return place / f"{prefix}{plain}_{certificate.thumbprint}.der"


def _pairs(place: Path) -> list[tuple[Path, Certificate]]:
    if not place.is_dir():
        return []
    pairs = []
    for file in sorted(file for file in place.iterdir() if _is_kept(file, _CERTIFICATE_FILES)):
        with contextlib.suppress(FileNotFoundError):  # a person has just moved it
            pairs.append((file, read_certificate(file)))
    return pairs


def _is_kept(file: Path, suffixes: set[str]) -> bool:
    return file.suffix.lower() in suffixes and not file.name.startswith(".") and file.is_file()


def _written(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:  # a person has just moved it
        return 0.0
