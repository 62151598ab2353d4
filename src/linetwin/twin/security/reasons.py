"""Why something is refused: a name for people, the OPC UA status code, and what to do."""

from __future__ import annotations

from enum import Enum

from linetwin.errors import RefusedError


class Reason(Enum):
    """A named reason with the status code that OPC 10000-4, 6.1.3 and 7.39 give it."""

    UNREADABLE = ("unreadable certificate", "BadCertificateInvalid")
    SIGNATURE = ("certificate with a wrong signature", "BadCertificateInvalid")
    INCOMPLETE = ("incomplete chain", "BadCertificateChainIncomplete")
    WEAK = ("weak certificate", "BadCertificatePolicyCheckFailed")
    UNKNOWN = ("unknown certificate", "BadCertificateUntrusted")
    EXPIRED = ("expired certificate", "BadCertificateTimeInvalid")
    NOT_YET = ("certificate not yet valid", "BadCertificateTimeInvalid")
    ISSUER_EXPIRED = ("expired issuer", "BadCertificateIssuerTimeInvalid")
    HOST = ("wrong host name", "BadCertificateHostNameInvalid")
    URI = ("wrong application URI", "BadCertificateUriInvalid")
    USE = ("certificate for another use", "BadCertificateUseNotAllowed")
    REVOKED = ("revoked certificate", "BadCertificateRevoked")
    ISSUER_REVOKED = ("revoked issuer", "BadCertificateIssuerRevoked")
    NO_LIST = ("revocation unknown", "BadCertificateRevocationUnknown")
    OTHER_CERTIFICATE = ("certificate of another channel", "BadSecurityChecksFailed")
    POLICY = ("wrong policy", "BadSecurityPolicyRejected")
    PASSWORD = ("wrong user or password", "BadUserAccessDenied")
    TOO_MANY = ("too many attempts", "BadUserAccessDenied")
    ANONYMOUS = ("no user", "BadIdentityTokenRejected")
    PLAIN_PASSWORD = ("password in the clear", "BadIdentityTokenInvalid")
    TOKEN = ("wrong proof of identity", "BadIdentityTokenInvalid")
    ROLE = ("role", "BadUserAccessDenied")
    FORGED = ("tampered approval", "BadUserAccessDenied")
    LATE = ("expired approval", "BadUserAccessDenied")
    TOO_LONG = ("approval good for too long", "BadUserAccessDenied")
    REPLAYED = ("replayed approval", "BadUserAccessDenied")
    OTHER_CHANGE = ("approval of another change", "BadUserAccessDenied")
    OTHER_TWIN = ("another twin", "BadUserAccessDenied")
    BOUNDS = ("out of bounds", "BadOutOfRange")
    NOT_ENABLED = ("not enabled", "BadUserAccessDenied")
    STEP = ("step too great", "BadOutOfRange")
    RATE = ("too soon", "BadUserAccessDenied")
    STATE = ("wrong PackML state", "BadUserAccessDenied")
    HEARTBEAT = ("heartbeat lost", "BadUserAccessDenied")
    NOT_FOLLOWING = ("twin not in step with the plant", "BadUserAccessDenied")
    HELD = ("twin in doubt of the station", "BadUserAccessDenied")
    NOT_SIMULATED = ("not simulated", "BadUserAccessDenied")
    OTHER_POLICY = ("approval under another policy", "BadUserAccessDenied")
    LOG = ("tampered audit log", "BadSecurityChecksFailed")
    PLANT = ("refused by the plant", "BadUserAccessDenied")
    NEVER_MADE = ("never made", "BadUserAccessDenied")
    NO_ANSWER = ("no answer of the plant", "BadUserAccessDenied")

    @property
    def text(self) -> str:
        """Return the reason in words."""
        return self.value[0]

    @property
    def status(self) -> str:
        """Return the name of the OPC UA status code."""
        return self.value[1]


def refusal(reason: Reason, message: str, remedy: str) -> RefusedError:
    """Return the error for a reason; `remedy` says what a person can do."""
    return RefusedError(reason.text, message, status=reason.status, remedy=remedy)
