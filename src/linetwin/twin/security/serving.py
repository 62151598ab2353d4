"""A server that lets nobody in unchecked: asyncua's, with the gaps closed that it leaves.

asyncua 2.1 asks its certificate validator only where a session request carries a certificate, does
not compare that with the channel's, takes a user name and a password over an unprotected channel
even where no such endpoint is offered, takes passwords in any encryption, and lets anybody
register servers. The sessions here refuse all of it; each refusal is logged with its reason.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from struct import unpack_from
from typing import TYPE_CHECKING

from asyncua import Server, ua
from asyncua.common.utils import ServiceError
from asyncua.crypto import uacrypto
from asyncua.crypto.permission_rules import USER_TYPES, SimpleRoleRuleset, UserRole
from asyncua.crypto.permission_rules import User as SessionUser
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession
from cryptography.exceptions import InvalidSignature

from linetwin.errors import LinetwinError, RefusedError
from linetwin.twin.security.certificates import Certificate, first_of
from linetwin.twin.security.policies import DEFAULT, NONE, SECURE, policy_uri
from linetwin.twin.security.reasons import Reason, refusal
from linetwin.twin.security.roles import Right, Role, may
from linetwin.twin.security.trust import Peer, Trust

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from linetwin.twin.security.identity import Identity
    from linetwin.twin.security.users import User, Users

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
    `refusals` holds the newest; `on_refusal` is told of each, in the server's thread.
    """

    identity: Identity
    trust: Trust
    users: Users
    policies: Sequence[str] = SECURE
    anonymous: bool = False
    rights: dict[ua.NodeId, Right] = field(default_factory=dict)
    on_refusal: Callable[[Refused], None] | None = None
    refusals: deque[Refused] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def refuse(self, who: str, error: RefusedError) -> ServiceError:
        """Record a refusal and return what the other side is told of it: its status code."""
        entry = Refused(datetime.now(UTC), who, error)
        self.refusals.append(entry)
        _log.warning("refused %s: %s", who, error)
        if self.on_refusal is not None:
            self.on_refusal(entry)
        return ServiceError(getattr(ua.StatusCodes, error.status))


@dataclass
class PlantUser(SessionUser):
    """The user of a session, as asyncua knows it; `is_nobody`: let in without a name."""

    is_nobody: bool = False


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
        return _GuardedSession(self, name, user or SessionUser(), external=external)

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
            if not isinstance(isession, _GuardedSession) or not isession.is_protected:
                message = f"user {name!r} sent a password over a channel that is not encrypted"
                remedy = f"connect with {DEFAULT} and SignAndEncrypt"
                raise refusal(Reason.PLAIN_PASSWORD, message, remedy)
            return name, password.decode("utf-8")
        decrypt = _PASSWORD_CIPHERS.get(token.EncryptionAlgorithm)
        nonce = isession.nonce or b""
        if decrypt is not None:
            plain = decrypt(self.private_key, password)
            length = unpack_from("<I", plain)[0] - len(nonce)
            ends = plain[4 + length : 4 + length + len(nonce)]
            if length >= 0 and hmac.compare_digest(ends, nonce):
                return name, plain[4 : 4 + length].decode("utf-8")
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


class _GuardedSession(InternalSession):
    """A session that stays with the certificate it began with; a write needs a right."""

    def __init__(
        self, server: _GuardedInternalServer, name: object, user: SessionUser, *, external: bool
    ) -> None:
        self._guard = server.guard
        self._certificate = b""
        address = name[0] if isinstance(name, tuple) and name else name
        self._address = str(address)
        super().__init__(
            server, server.aspace, server.subscription_service, str(name), user, external
        )

    @property
    def is_protected(self) -> bool:
        """Tell whether the session runs over a channel that is signed and encrypted."""
        return bool(self._certificate)

    async def create_session(
        self, params: ua.CreateSessionParameters, sockname: tuple[str, int] | None = None
    ) -> ua.CreateSessionResult:
        """Check the client's certificate; without one, a session needs a policy of None."""
        try:
            if params.ClientCertificate:
                self._certificate = first_of(params.ClientCertificate)
                uri = params.ClientDescription.ApplicationUri
                peer = Peer(is_server=False, application_uri=uri)
                # Files are read, and with first-use approval a person is asked, off the loop.
                await asyncio.to_thread(self._guard.trust.check, self._certificate, peer)
            elif NONE not in self._guard.policies:
                raise _unprotected(self._guard)
        except RefusedError as error:
            raise self._guard.refuse(self._address, error) from error
        except LinetwinError as error:  # a broken file in the trust folder believes nobody
            _log.error("refused %s: %s", self._address, error)
            raise ServiceError(ua.StatusCodes.BadSecurityChecksFailed) from error
        return await super().create_session(params, sockname)

    def activate_session(
        self, params: ua.ActivateSessionParameters, peer_certificate: bytes | None
    ) -> ua.ActivateSessionResult:
        """Let a user in, over the channel of the certificate that was checked and no other."""
        try:
            channel = first_of(peer_certificate or b"")
            if channel != self._certificate:
                message = "the channel has another certificate than the session"
                remedy = "open a session of its own on each channel"
                raise refusal(Reason.OTHER_CERTIFICATE, message, remedy)
            if not channel and NONE not in self._guard.policies:
                raise _unprotected(self._guard)
            user = self._user(params)
        except RefusedError as error:
            raise self._guard.refuse(self._address, error) from error
        except LinetwinError as error:  # a broken users file lets nobody in
            _log.error("refused %s: %s", self._address, error)
            raise ServiceError(ua.StatusCodes.BadUserAccessDenied) from error
        result = super().activate_session(params, peer_certificate)
        self.user = user
        return result

    def _user(self, params: ua.ActivateSessionParameters) -> PlantUser:
        token = params.UserIdentityToken
        server = self.iserver
        if isinstance(token, ua.UserNameIdentityToken):
            name, password = server.decrypt_user_token(self, token)
            return _admitted(self._guard.users.by_password(name, password, self._address))
        if isinstance(token, ua.X509IdentityToken):
            der = server.verify_x509_token(self, token, params.UserTokenSignature)
            return _admitted(self._guard.users.by_certificate(Certificate(first_of(der))))
        if not self._guard.anonymous:
            remedy = "give a user name and a password, or a user's certificate"
            raise refusal(Reason.ANONYMOUS, "nobody is let in without a name", remedy)
        return PlantUser(role=UserRole.User, name="anonymous", is_nobody=True)

    async def write(self, params: ua.WriteParameters) -> list[ua.StatusCode]:
        """Write what the user may; the rest is answered with BadUserAccessDenied."""
        allowed = [self._may(each.NodeId, Right.SET, "write") for each in params.NodesToWrite]
        chosen = [each for each, free in zip(params.NodesToWrite, allowed, strict=True) if free]
        written = iter(await super().write(ua.WriteParameters(NodesToWrite=chosen)))
        return [next(written) if free else _denied() for free in allowed]

    async def call(self, params: list[ua.CallMethodRequest]) -> list[ua.CallMethodResult]:
        """Call what the user may; the rest is answered with BadUserAccessDenied."""
        allowed = [self._may(each.MethodId, Right.COMMAND, "call") for each in params]
        chosen = [each for each, free in zip(params, allowed, strict=True) if free]
        called = iter(await super().call(chosen))
        return [
            next(called) if free else ua.CallMethodResult(StatusCode=_denied()) for free in allowed
        ]

    def _may(self, node: ua.NodeId, usual: Right, action: str) -> bool:
        if not isinstance(self.user, PlantUser):
            return not self.external  # the server's own session may do all
        right = self._guard.rights.get(node, usual)
        # The role of now: who was removed or made less may not go on in an old session.
        role = self._role()
        if role is not None and may(role, right):
            return True
        who = f"{role or 'removed user'} {self.user.name!r}"
        message = f"{who} may not {action} {node.to_string()}"
        remedy = f"a role with the right to {right} is needed"
        self._guard.refuse(str(self.user.name), refusal(Reason.ROLE, message, remedy))
        return False

    def _role(self) -> Role | None:
        if not isinstance(self.user, PlantUser) or self.user.is_nobody:
            return Role.OBSERVER
        try:
            return self._guard.users.role_of(str(self.user.name))
        except LinetwinError as error:  # a broken users file gives nobody a role
            _log.error("%s", error)
            return None


def _admitted(user: User) -> PlantUser:
    return PlantUser(role=UserRole.User, name=user.name)


def _unprotected(guard: Guard) -> RefusedError:
    message = "no certificate was shown, as over a channel that is neither signed nor encrypted"
    remedy = f"connect with {' or '.join(guard.policies)} and SignAndEncrypt"
    return refusal(Reason.POLICY, message, remedy)


def _denied() -> ua.StatusCode:
    return ua.StatusCode(ua.UInt32(ua.StatusCodes.BadUserAccessDenied))
