"""Sessions of a guarded server: who is in, what each may write, whose subscriptions are whose."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User as SessionUser
from asyncua.crypto.permission_rules import UserRole
from asyncua.server.internal_session import InternalSession

from linetwin.errors import LinetwinError, RefusedError
from linetwin.twin.security.certificates import Certificate, first_of
from linetwin.twin.security.policies import NONE
from linetwin.twin.security.reasons import Reason, refusal
from linetwin.twin.security.roles import Right, Role, may
from linetwin.twin.security.trust import Peer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from asyncua.server.internal_server import InternalServer

    from linetwin.twin.security.serving import Guard
    from linetwin.twin.security.users import User

_log = logging.getLogger("linetwin.security")
_Answer = TypeVar("_Answer")


@dataclass
class PlantUser(SessionUser):
    """The user of a session, as asyncua knows it; `is_nobody`: let in without a name."""

    is_nobody: bool = False


class GuardedSession(InternalSession):
    """A session that stays with the certificate it began with; a write needs a right.

    Subscriptions belong to a user at an application: another's are as if they were not there.
    """

    def __init__(
        self,
        server: InternalServer,
        guard: Guard,
        name: object,
        user: SessionUser,
        *,
        external: bool,
    ) -> None:
        self._guard = guard
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
        nodes = params.NodesToWrite
        free = [self._may(each.NodeId, Right.SET, "write") for each in nodes]
        chosen = dataclasses.replace(params, NodesToWrite=_those(nodes, free))
        return _merged(free, await self._write_scalars(chosen), _denied)

    async def _write_scalars(self, params: ua.WriteParameters) -> list[ua.StatusCode]:
        """Write what a client gives as one value; no tag takes an array: BadTypeMismatch."""
        nodes = params.NodesToWrite
        fits = [not self.external or not _is_array(each) for each in nodes]
        chosen = dataclasses.replace(params, NodesToWrite=_those(nodes, fits))
        return _merged(fits, await super().write(chosen), _mismatched)

    async def call(self, params: list[ua.CallMethodRequest]) -> list[ua.CallMethodResult]:
        """Call what the user may; the rest is answered with BadUserAccessDenied."""
        free = [self._may(each.MethodId, Right.COMMAND, "call") for each in params]
        answers = await super().call(_those(params, free))
        return _merged(free, answers, lambda: ua.CallMethodResult(StatusCode=_denied()))

    def _may(self, node: ua.NodeId, usual: Right, action: str) -> bool:
        if not isinstance(self.user, PlantUser):
            return not self.external  # the server's own session may do all
        right = self._guard.rights.get(node, usual)
        # The role of now: who was removed or made less may not go on in an old session.
        role = self._role()
        closed = self._guard.read_only and right != Right.READ
        if role is not None and may(role, right) and not closed:
            return True
        who = f"{role or 'removed user'} {self.user.name!r}"
        message = f"{who} may not {action} {node.to_string()}"
        remedy = f"a role with the right to {right} is needed"
        if closed:
            remedy = "this server is for reading only"
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

    # ------------------------------------------------------------------------- subscriptions
    async def create_subscription(
        self,
        params: ua.CreateSubscriptionParameters,
        callback: Callable[..., Any],
        request_callback: Callable[..., Any] | None = None,
    ) -> ua.CreateSubscriptionResult:
        """Create a subscription that only its user at this application may touch."""
        result = await super().create_subscription(params, callback, request_callback)
        owners = self._guard.owners
        for gone in owners.keys() - self.subscription_service.subscriptions.keys():
            del owners[gone]
        owners[result.SubscriptionId] = self._owner()
        return result

    def modify_subscription(
        self, params: ua.ModifySubscriptionParameters
    ) -> ua.ModifySubscriptionResult:
        """Modify a subscription of one's own."""
        self._check_own(params.SubscriptionId)
        return super().modify_subscription(params)

    async def create_monitored_items(
        self, params: ua.CreateMonitoredItemsParameters
    ) -> list[ua.MonitoredItemCreateResult]:
        """Add items to a subscription of one's own."""
        self._check_own(params.SubscriptionId)
        return await super().create_monitored_items(params)

    async def modify_monitored_items(
        self, params: ua.ModifyMonitoredItemsParameters
    ) -> list[ua.MonitoredItemModifyResult]:
        """Modify items of a subscription of one's own."""
        self._check_own(params.SubscriptionId)
        return await super().modify_monitored_items(params)

    async def delete_monitored_items(
        self, params: ua.DeleteMonitoredItemsParameters
    ) -> list[ua.StatusCode]:
        """Delete items of a subscription of one's own."""
        self._check_own(params.SubscriptionId)
        return await super().delete_monitored_items(params)

    async def set_monitoring_mode(
        self, params: ua.SetMonitoringModeParameters
    ) -> list[ua.StatusCode]:
        """Switch items of a subscription of one's own."""
        self._check_own(params.SubscriptionId)
        return await super().set_monitoring_mode(params)

    def republish(self, params: ua.RepublishParameters) -> ua.NotificationMessage:
        """Repeat a message of a subscription of one's own."""
        self._check_own(params.SubscriptionId)
        return super().republish(params)

    async def set_publishing_mode(
        self, params: ua.SetPublishingModeParameters
    ) -> list[ua.StatusCode]:
        """Switch subscriptions of one's own on or off."""
        owned = list(map(self._owns, params.SubscriptionIds))
        chosen = dataclasses.replace(params, SubscriptionIds=_those(params.SubscriptionIds, owned))
        return _merged(owned, await super().set_publishing_mode(chosen), _unknown)

    async def delete_subscriptions(self, ids: list[int]) -> list[ua.StatusCode]:
        """Delete subscriptions of one's own."""
        owned = list(map(self._owns, ids))
        return _merged(owned, await super().delete_subscriptions(_those(ids, owned)), _unknown)

    async def transfer_subscriptions(  # type: ignore[override]  # as the server's own does
        self, params: ua.TransferSubscriptionsParameters, callback: Callable[..., Any]
    ) -> list[ua.TransferResult]:
        """Take over subscriptions that the same user at the same application has left."""
        owned = list(map(self._owns, params.SubscriptionIds))
        chosen = dataclasses.replace(params, SubscriptionIds=_those(params.SubscriptionIds, owned))
        answers = await super().transfer_subscriptions(chosen, callback)
        return _merged(owned, answers, lambda: ua.TransferResult(StatusCode=_unknown()))

    def publish(
        self, acks: Iterable[ua.SubscriptionAcknowledgement] | None = None
    ) -> tuple[int, list[ua.StatusCode]]:
        """Acknowledge messages of subscriptions of one's own."""
        every = list(acks or [])
        owned = [self._owns(each.SubscriptionId) for each in every]
        count, answers = super().publish(_those(every, owned))
        return count, _merged(owned, answers, _unknown)

    def _owner(self) -> tuple[str, bytes, str]:
        """Return who a subscription belongs to; of nobody's at no application, to the session."""
        is_nobody = isinstance(self.user, PlantUser) and self.user.is_nobody
        session = str(self.session_id) if is_nobody or not self._certificate else ""
        return str(self.user.name), self._certificate, session

    def _owns(self, subscription: int) -> bool:
        known = self.subscription_service.subscriptions.get(subscription)
        if known is None or known.session_id == self.session_id:
            return True  # asyncua says itself that it is not there
        return self._guard.owners.get(subscription) == self._owner()

    def _check_own(self, subscription: int) -> None:
        if not self._owns(subscription):
            raise ServiceError(ua.StatusCodes.BadSubscriptionIdInvalid)


def _those(every: Sequence[_Answer], chosen: Sequence[bool]) -> list[_Answer]:
    return [each for each, free in zip(every, chosen, strict=True) if free]


def _merged(
    chosen: Sequence[bool], answers: Iterable[_Answer], refused: Callable[[], _Answer]
) -> list[_Answer]:
    """Return an answer for each: those given for what was chosen, refusals for the rest."""
    given = iter(answers)
    return [next(given) if free else refused() for free in chosen]


def _unknown() -> ua.StatusCode:
    return ua.StatusCode(ua.UInt32(ua.StatusCodes.BadSubscriptionIdInvalid))


def _admitted(user: User) -> PlantUser:
    return PlantUser(role=UserRole.User, name=user.name)


def _unprotected(guard: Guard) -> RefusedError:
    message = "no certificate was shown, as over a channel that is neither signed nor encrypted"
    remedy = f"connect with {' or '.join(guard.policies)} and SignAndEncrypt"
    return refusal(Reason.POLICY, message, remedy)


def _is_array(write: ua.WriteValue) -> bool:
    value = write.Value.Value
    return value is not None and (bool(value.is_array) or isinstance(value.Value, list))


def _mismatched() -> ua.StatusCode:
    return ua.StatusCode(ua.UInt32(ua.StatusCodes.BadTypeMismatch))


def _denied() -> ua.StatusCode:
    return ua.StatusCode(ua.UInt32(ua.StatusCodes.BadUserAccessDenied))
