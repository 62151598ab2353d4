"""Which certificates are believed, and the reason that is given where one is not."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest
from asyncua import ua
from authority import CA, DAY, NOW, Sheet, installed, put, revocation_list
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from linetwin.errors import RefusedError, ScenarioError
from linetwin.twin.security.certificates import Certificate, first_of
from linetwin.twin.security.dates import date_warnings
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.reasons import Reason
from linetwin.twin.security.trust import REJECTED_AT_MOST, Peer, Trust

if TYPE_CHECKING:
    from pathlib import Path

SERVER = Peer(is_server=True, application_uri="urn:test:app", host="plant-1")
APPLICATION = Sheet("application")
ISSUED = Sheet("issued", issuer="ca")


@pytest.fixture
def folder(tmp_path: Path) -> SecurityFolder:
    """A trust folder that is empty."""
    made = SecurityFolder(tmp_path / "security")
    made.make()
    return made


def refused(folder: SecurityFolder, certificate: Certificate, peer: Peer = SERVER) -> RefusedError:
    """Return the refusal of a certificate."""
    with pytest.raises(RefusedError) as caught:
        Trust(folder).check(certificate.der, peer, NOW)
    return caught.value


def test_an_unknown_certificate_waits_for_a_person(folder: SecurityFolder) -> None:
    """It is refused and put aside; accepted it is believed, rejected again no longer."""
    certificate = APPLICATION.signed()
    error = refused(folder, certificate)
    assert (error.reason, error.status) == ("unknown certificate", "BadCertificateUntrusted")
    assert certificate.thumbprint in str(error)
    assert certificate.fingerprint in error.remedy
    trust = Trust(folder)
    assert [(e.place, e.certificate) for e in trust.entries()] == [("rejected", certificate)]
    trust.accept(certificate.thumbprint[:8].lower())
    assert trust.check(certificate.der, SERVER, NOW) == certificate
    assert [e.place for e in trust.entries()] == ["trusted"]
    trust.reject(certificate.fingerprint)
    assert refused(folder, certificate).reason == "unknown certificate"


def test_first_use_asks_a_person_once(folder: SecurityFolder) -> None:
    """With approval on, a yes is remembered, a no refuses; an expired one is not even shown."""
    shown: list[Certificate] = []
    answer = False

    def approve(certificate: Certificate) -> bool:
        shown.append(certificate)
        return answer

    trust = Trust(folder, approve=approve)
    certificate = APPLICATION.signed()
    with pytest.raises(RefusedError, match="not trusted"):
        trust.check(certificate.der, SERVER, NOW)
    answer = True
    for _ in range(2):
        assert trust.check(certificate.der, SERVER, NOW) == certificate
    assert shown == [certificate, certificate]
    told = json.loads(folder.log.read_text("utf-8").splitlines()[-1])
    assert (told["what"], told["about"]) == ("trust accepted at first use", certificate.fingerprint)
    expired = APPLICATION.but(name="late", ends=NOW - DAY / 2).signed()
    with pytest.raises(RefusedError, match="expired certificate"):
        trust.check(expired.der, SERVER, NOW)
    assert expired not in shown


WRONG = {
    "expired certificate": (APPLICATION.but(ends=NOW - DAY / 2), SERVER),
    "certificate not yet valid": (APPLICATION.but(begins=NOW + DAY / 2), SERVER),
    "wrong host name": (APPLICATION, dataclasses.replace(SERVER, host="plant-2")),
    "wrong application URI": (APPLICATION, dataclasses.replace(SERVER, application_uri="urn:b")),
    "certificate for another use": (
        APPLICATION.but(uses=(ExtendedKeyUsageOID.CLIENT_AUTH,)),
        SERVER,
    ),
    "weak certificate": (APPLICATION.but(name="weak", bits=1024), SERVER),
}


@pytest.mark.parametrize("reason", WRONG)
def test_a_trusted_certificate_must_still_be_right(folder: SecurityFolder, reason: str) -> None:
    """Trust is no pardon for dates, names, use or a short key."""
    sheet, peer = WRONG[reason]
    certificate = sheet.signed()
    put(folder, "trusted", certificate)
    assert refused(folder, certificate, peer).reason == reason


@pytest.mark.parametrize(
    ("asked", "override", "believed"),
    [
        ("plant-1", None, True),
        ("PLANT-1", None, True),
        ("plant-1.", None, True),
        ("plant-11", None, False),
        ("10.0.0.7", None, False),
        ("10.0.0.7", "plant-1", True),
        ("10.0.0.7", "plant-2", False),
    ],
)
def test_a_host_is_the_one_of_the_certificate(
    folder: SecurityFolder, asked: str, override: str | None, *, believed: bool
) -> None:
    """Names are compared whole, case and a last dot aside; only the named other may stand in."""
    certificate = APPLICATION.signed()
    put(folder, "trusted", certificate)
    peer = dataclasses.replace(SERVER, host=asked, host_override=override)
    if believed:
        Trust(folder).check(certificate.der, peer, NOW)
    else:
        assert refused(folder, certificate, peer).reason == "wrong host name"


def test_a_client_needs_no_host(folder: SecurityFolder) -> None:
    """Only a server is asked for by name."""
    certificate = APPLICATION.but(hosts=()).signed()
    put(folder, "trusted", certificate)
    Trust(folder).check(certificate.der, Peer(is_server=False), NOW)


# --------------------------------------------------------------------------- issued by a CA
def believe_authority(folder: SecurityFolder, *revoked: int) -> None:
    """Trust the CA, with its newest list."""
    put(folder, "trusted", CA.signed())
    (folder.revoked / "ca.crl").write_bytes(revocation_list("ca", list(revoked)))


def test_what_a_trusted_authority_issued_is_believed(folder: SecurityFolder) -> None:
    """A chain that is sent along does not matter: its first certificate counts."""
    believe_authority(folder)
    certificate = ISSUED.signed()
    chain = certificate.der + CA.signed().der
    assert first_of(chain) == certificate.der
    assert Trust(folder).check(chain, SERVER, NOW) == certificate


def test_a_revoked_certificate_is_refused(folder: SecurityFolder) -> None:
    """Also once the list is past its time: then the others are refused as well."""
    certificate = ISSUED.signed()
    believe_authority(folder, certificate.parsed.serial_number)
    assert refused(folder, certificate).reason == "revoked certificate"
    old = revocation_list("ca", [certificate.parsed.serial_number], NOW - DAY / 2)
    (folder.revoked / "ca.crl").write_bytes(old)
    assert refused(folder, certificate).reason == "revoked certificate"
    assert (
        refused(folder, ISSUED.but(name="other", serial=7).signed()).reason == "revocation unknown"
    )


def test_a_revoked_issuer_takes_its_certificates_along(folder: SecurityFolder) -> None:
    """A CA between root and application is looked up in the root's list."""
    middle = Sheet("middle", issuer="ca", is_authority=True, hosts=(), uri=None).signed()
    put(folder, "issuers", middle)
    (folder.root / "revoked" / "middle.crl").write_bytes(revocation_list("middle", []))
    certificate = Sheet("leaf", issuer="middle").signed()
    believe_authority(folder)
    assert Trust(folder).check(certificate.der, SERVER, NOW) == certificate
    believe_authority(folder, middle.parsed.serial_number)
    assert refused(folder, certificate).reason == "revoked issuer"


@pytest.mark.parametrize("forged", [False, True])
def test_no_list_of_the_authority_means_no(folder: SecurityFolder, *, forged: bool) -> None:
    """A list that is missing, or that another signed, clears nobody, unless none is asked for."""
    put(folder, "trusted", CA.signed())
    if forged:
        content = revocation_list("ca", [], with_key_of="mallory")
        (folder.revoked / "ca.crl").write_bytes(content)
    certificate = ISSUED.signed()
    assert refused(folder, certificate).reason == "revocation unknown"
    assert Trust(folder, lists_required=False).check(certificate.der, SERVER, NOW) == certificate


def test_a_forged_signature_is_refused(folder: SecurityFolder) -> None:
    """The CA's name without its key is worth nothing, nor is a changed byte."""
    believe_authority(folder)
    forged = ISSUED.signed(with_key_of="mallory")
    assert refused(folder, forged).reason == "certificate with a wrong signature"
    own = APPLICATION.signed(with_key_of="mallory")
    assert refused(folder, own).reason == "certificate with a wrong signature"


def test_an_issuer_is_not_believed_by_itself(folder: SecurityFolder) -> None:
    """A CA in issuers/ completes a chain; only one in trusted/ makes it believed."""
    put(folder, "issuers", CA.signed())
    assert refused(folder, ISSUED.signed()).reason == "unknown certificate"


def test_an_unknown_authority_leaves_the_certificate_for_a_person(folder: SecurityFolder) -> None:
    """It is refused as incomplete and put aside; a person may believe it by itself."""
    certificate = ISSUED.signed()
    assert refused(folder, certificate).reason == "incomplete chain"
    trust = Trust(folder)
    trust.accept(certificate.thumbprint)
    assert trust.check(certificate.der, SERVER, NOW) == certificate


def test_a_person_may_reject_what_a_trusted_authority_issued(
    folder: SecurityFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No CA's word undoes that, nor do strangers who knock until old files are dropped."""
    certificate = ISSUED.signed()
    refused(folder, certificate)  # seen before the CA was known: that alone denies nothing
    believe_authority(folder)
    assert Trust(folder).check(certificate.der, SERVER, NOW) == certificate
    Trust(folder).reject(certificate.thumbprint)
    assert refused(folder, certificate).reason == "unknown certificate"
    monkeypatch.setattr("linetwin.twin.security.trust.REJECTED_AT_MOST", 1)
    for number in range(3):
        refused(folder, APPLICATION.but(serial=number + 1).signed())
    assert refused(folder, certificate).reason == "unknown certificate"
    Trust(folder).accept(certificate.thumbprint)
    assert Trust(folder).check(certificate.der, SERVER, NOW) == certificate


@pytest.mark.parametrize(
    "changes", [{"is_authority": False}, {"uri": "urn:test:app", "is_authority": True}]
)
def test_an_application_is_no_authority(folder: SecurityFolder, changes: dict[str, object]) -> None:
    """What a trusted application signs is not believed, even where it calls itself a CA."""
    put(folder, "trusted", CA.but(**changes).signed())
    assert refused(folder, ISSUED.signed()).reason == "incomplete chain"


def test_an_authority_stands_as_high_as_it_may(folder: SecurityFolder) -> None:
    """A CA with path length 0 may issue applications, not other CAs."""
    put(folder, "trusted", CA.but(path_length=0).signed())
    middle = Sheet("middle", issuer="ca", is_authority=True, hosts=(), uri=None).signed()
    put(folder, "issuers", middle)
    error = refused(folder, Sheet("leaf", issuer="middle").signed())
    assert "so far above" in str(error)


def test_an_expired_authority_is_named(folder: SecurityFolder) -> None:
    """Its date is another reason than the certificate's own."""
    put(folder, "trusted", CA.but(ends=NOW - DAY / 2).signed())
    assert refused(folder, ISSUED.signed()).reason == "expired issuer"


# --------------------------------------------------------------------------------- the folder
@pytest.mark.parametrize("der", [b"", b"0", b"\x30\x82\xff\xff", b"-----BEGIN"])
def test_anything_else_is_no_certificate(folder: SecurityFolder, der: bytes) -> None:
    """Bytes that are no certificate are refused as such."""
    assert refused(folder, Certificate(der)).reason == "unreadable certificate"


def test_rejected_certificates_do_not_fill_the_disk(
    folder: SecurityFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the newest are kept."""
    assert REJECTED_AT_MOST >= 10
    monkeypatch.setattr("linetwin.twin.security.trust.REJECTED_AT_MOST", 3)
    for number in range(5):
        refused(folder, APPLICATION.but(serial=number + 1).signed())
    assert len(Trust(folder).entries()) == 3


def test_files_may_be_pem(folder: SecurityFolder) -> None:
    """A person may put a certificate in as DER or PEM."""
    certificate = APPLICATION.signed()
    (folder.trusted / "a.pem").write_bytes(certificate.parsed.public_bytes(Encoding.PEM))
    assert Trust(folder).check(certificate.der, SERVER, NOW) == certificate


def test_a_broken_file_is_named(folder: SecurityFolder) -> None:
    """Nobody is believed on the strength of a file that cannot be read."""
    (folder.trusted / "broken.der").write_bytes(b"nothing")
    with pytest.raises(ScenarioError, match=r"broken\.der: no certificate"):
        Trust(folder).check(APPLICATION.signed().der, SERVER, NOW)


def test_what_ends_soon_is_told_before_it_stops_a_link(folder: SecurityFolder) -> None:
    """Our certificate, others' that are believed, and lists; what is only seen does not matter."""
    installed(folder, APPLICATION.but(ends=NOW + 100 * DAY))
    put(folder, "trusted", Sheet("peer", ends=NOW + 50 * DAY).signed())
    put(folder, "rejected", Sheet("stranger", ends=NOW + DAY).signed())
    (folder.revoked / "ca.crl").write_bytes(revocation_list("ca", [], NOW + 80 * DAY))
    assert date_warnings(folder, NOW) == []
    [peer] = date_warnings(folder, NOW + 25 * DAY)
    assert "'peer' expires in 25 days" in peer
    own, late, old = date_warnings(folder, NOW + 101 * DAY)
    assert "our certificate expired 1 days ago" in own
    assert "linetwin live certificate renew" in own
    assert "'peer' expired 51 days ago" in late
    assert "ca.crl is past its time" in old


def test_every_reason_has_a_status_of_opc_ua() -> None:
    """What goes over the wire is a code that the other side knows."""
    assert [each for each in Reason if not hasattr(ua.StatusCodes, each.status)] == []
    assert len({each.text for each in Reason}) == len(Reason)


@pytest.mark.parametrize("asked", ["ABC", "0123456789"])
def test_a_thumbprint_must_be_found(folder: SecurityFolder, asked: str) -> None:
    """Too few digits, and digits of no certificate, are told."""
    with pytest.raises(ScenarioError, match="THUMBPRINT"):
        Trust(folder).find(asked)
