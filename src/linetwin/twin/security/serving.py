"""A server that lets nobody in unchecked: asyncua's, with the gaps closed that it leaves.

asyncua 2.1 asks its certificate validator only where a session request carries a certificate, does
not compare that with the channel's, takes a user name and a password over an unprotected channel
even where no such endpoint is offered, takes passwords in any encryption, lets anybody register
servers, and lets every user delete, pause or take over the subscriptions of others. All of it is
refused here and in `sessions`; each refusal is logged with its reason.
"""

from __future__ import annotations

import hmac
import logging
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from struct import error as struct_error
from struct import unpack_from
from typing import TYPE_CHECKING

from asyncua import Server, ua
from asyncua.common.utils import ServiceError
from asyncua.crypto import uacrypto
from asyncua.crypto.permission_rules import USER_TYPES, SimpleRoleRuleset
from asyncua.crypto.permission_rules import User as SessionUser
from asyncua.server.internal_server import InternalServer
from cryptography.exceptions import InvalidSignature

from linetwin.twin.security.policies import DEFAULT, NONE, SECURE, policy_uri
from linetwin.twin.security.reasons import Reason, refusal
from linetwin.twin.security.sessions import GuardedSession, PlantUser

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asyncua.server.internal_session import InternalSession

    from linetwin.errors import RefusedError
    from linetwin.twin.security.identity import Identity
    from linetwin.twin.security.roles import Right
    from linetwin.twin.security.trust import Trust
    from linetwin.twin.security.users import Users

_log = logging.getLogger("linetwin.security")

POLICY_TYPES = {
    NONE: ua.SecurityPolicyType.NoSecurity,
    "Basic256Sha256": ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
    "Aes128_Sha256_RsaOaep": ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
    "Aes256_Sha256_RsaPss": ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
}
REMEMBERED = 1000
"""Refusals that are kept to be shown [A]."""

_WRITING = {
    ua.NodeId(ua.Int32(each))
    for each in (
        ua.ObjectIds.WriteRequest_Encoding_DefaultBinary,
        ua.ObjectIds.CallRequest_Encoding_DefaultBinary,
    )
}
_READING = {ua.NodeId(ua.Int32(each)) for each in USER_TYPES} - _WRITING
_PASSWORD_CIPHERS: dict[str, Callable[[object, bytes], bytes]] = {
    "http://www.w3.org/2001/04/xmlenc#rsa-oaep": uacrypto.decrypt_rsa_oaep,
    "http://opcfoundation.org/UA/security/rsa-oaep-sha2-256": uacrypto.decrypt_rsa_oaep_sha256,
}
_SIGNATURES = {
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "http://opcfoundation.org/UA/security/rsa-pss-sha2-256",
}


@dataclass(frozen=True)
class Refused:
    """One refusal: when (UTC), who (a user or an address) and why."""

    at: datetime
    who: str
    error: RefusedError


@dataclass
class Guard:
    """Who may come in, and what each may do there.

    `anonymous` lets people in without a name, as observers. `rights` says what a write to a node,
    or a call of a method, asks for; of nodes that are not listed, `SET` and `COMMAND`.
    `refusals` holds the newest; `on_refusal` is told of each, in the server's thread. `owners`
    says whose each subscription is: user, certificate, and session where there is neither.
    `read_only`: nobody may write or command, whatever the role.
    """

    identity: Identity
    trust: Trust
    users: Users
    policies: Sequence[str] = SECURE
    anonymous: bool = False
    rights: dict[ua.NodeId, Right] = field(default_factory=dict)
    on_refusal: Callable[[Refused], None] | None = None
    owners: dict[int, tuple[str, bytes, str]] = field(default_factory=dict)
    read_only: bool = False
    refusals: deque[Refused] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def refuse(self, who: str, error: RefusedError) -> ServiceError:
        """Record a refusal and return what the other side is told of it: its status code."""
        entry = Refused(datetime.now(UTC), who, error)
        self.refusals.append(entry)
        _log.warning("refused %s: %s", who, error)
        if self.on_refusal is not None:
            self.on_refusal(entry)
        return ServiceError(getattr(ua.StatusCodes, error.status))


async def guarded_server(guard: Guard) -> Server:
    """Return a server that is ready for `set_endpoint`, its nodes and `start`."""
    for name in guard.policies:
        policy_uri(name)  # refuses what is not offered
    server = Server(iserver=_GuardedInternalServer(guard))
    await server.init()
    server.allow_remote_admin(allow=False)
    await server.set_application_uri(guard.identity.application_uri)
    await server.load_certificate(guard.identity.certificate.der)
    server.iserver.private_key = guard.identity.key()
    types = [POLICY_TYPES[name] for name in guard.policies]
    server.set_security_policy(types, permission_ruleset=RoleRules())
    tokens: list[type] = [ua.UserNameIdentityToken, ua.X509IdentityToken]
    server.set_identity_tokens([*tokens, *([ua.AnonymousIdentityToken] if guard.anonymous else [])])
    return server


class RoleRules(SimpleRoleRuleset):
    """Which services a role may use at all; which nodes it may write is told in the session."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def check_validity(
        self,
        user: SessionUser,
        action_type_id: ua.NodeId,
        body: object,  # noqa: ARG002  asyncua's signature
    ) -> bool:
        """Tell whether a user may use a service."""
        if action_type_id in _READING:
            return True
        # The session answers for each node, so that it can say which one was refused and why.
        return action_type_id in _WRITING and isinstance(user, PlantUser)


class _GuardedInternalServer(InternalServer):
    """asyncua's server with guarded sessions and no registration of servers."""

    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self.guard = guard
        # The guarded session judges the user; asyncua asks nobody where there is no manager.
        self.user_manager = None

    def create_session(
        self,
        name: str,
        user: SessionUser | None = None,
        external: bool = False,  # noqa: FBT001, FBT002  asyncua's signature
    ) -> InternalSession:
        """Return a guarded session; `name` is the address of the other side."""
        return GuardedSession(self, self.guard, name, user or SessionUser(), external=external)

    def register_server(self, server: object, conf: object = None) -> None:  # noqa: ARG002
        """Refuse: this is no discovery server, and anybody could ask without a name."""
        raise ServiceError(ua.StatusCodes.BadServiceUnsupported)

    def decrypt_user_token(
        self, isession: InternalSession, token: ua.UserNameIdentityToken
    ) -> tuple[str, str]:
        """Return name and password; refuses weak encryption and a password for another session."""
        name = str(token.UserName or "")
        password = token.Password or b""
        if not token.EncryptionAlgorithm:
            if not isinstance(isession, GuardedSession) or not isession.is_protected:
                message = f"user {name!r} sent a password over a channel that is not encrypted"
                remedy = f"connect with {DEFAULT} and SignAndEncrypt"
                raise refusal(Reason.PLAIN_PASSWORD, message, remedy)
            return name, password.decode("utf-8", "replace")
        decrypt = _PASSWORD_CIPHERS.get(token.EncryptionAlgorithm)
        nonce = isession.nonce or b""
        try:
            plain = decrypt(self.private_key, password) if decrypt is not None else b""
            length = unpack_from("<I", plain)[0] - len(nonce)
            ends = plain[4 + length : 4 + length + len(nonce)]
            if length >= 0 and hmac.compare_digest(ends, nonce):
                return name, plain[4 : 4 + length].decode("utf-8")
        except (ValueError, struct_error):  # bytes that are no RSA cipher, or no text
            pass
        message = f"the password of user {name!r} is encrypted in a way that is not taken"
        raise refusal(Reason.TOKEN, message, "encrypt it with RSA-OAEP and this session's nonce")

    def verify_x509_token(
        self, isession: InternalSession, token: ua.X509IdentityToken, signature: ua.SignatureData
    ) -> bytes:
        """Return the user's certificate once its owner has proven to hold the key."""
        remedy = "sign with RSA and SHA-256"
        if signature.Algorithm not in _SIGNATURES:
            message = f"the user's token is signed with {signature.Algorithm or 'nothing'}"
            raise refusal(Reason.TOKEN, message, remedy)
        try:
            return bytes(super().verify_x509_token(isession, token, signature))
        except (InvalidSignature, ValueError, TypeError) as error:
            message = "no proof that the user holds the key of its certificate"
            raise refusal(Reason.TOKEN, message, remedy) from error
