"""A client that knows whom it talks to before it says who its user is.

asyncua checks no server's certificate by itself. Here it is checked against the trust folder
before the channel is opened, pinned for that channel, and checked once more with the application's
URI when the session is made; only then name and password are sent, and only encrypted.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from asyncua import Client, ua
from asyncua.crypto import security_policies, uacrypto

from linetwin.errors import OpcUaError, Problem, ScenarioError
from linetwin.twin.security.certificates import first_of
from linetwin.twin.security.policies import DEFAULT, NONE, policy_name, policy_uri
from linetwin.twin.security.reasons import Reason, refusal
from linetwin.twin.security.trust import Peer, Trust

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.twin.security.certificates import Certificate
    from linetwin.twin.security.identity import Identity

POLICY_CLASSES: dict[str, Any] = {
    "Basic256Sha256": security_policies.SecurityPolicyBasic256Sha256,
    "Aes128_Sha256_RsaOaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
    "Aes256_Sha256_RsaPss": security_policies.SecurityPolicyAes256Sha256RsaPss,
}


@dataclass(frozen=True)
class Credentials:
    """Who the user is: a name with a password, or an identity of its own; neither: nobody."""

    name: str = ""
    password: str = field(default="", repr=False)
    identity: Identity | None = None


@dataclass(frozen=True)
class Terms:
    """On what terms a client connects.

    `host_override` names the other host that the server's certificate may carry.
    """

    identity: Identity
    trust: Trust
    policy: str = DEFAULT
    credentials: Credentials = Credentials()
    host_override: str | None = None


async def prepared_client(endpoint: str, terms: Terms, timeout_s: float = 10.0) -> Client:
    """Return a client for `open_session`; the server's certificate has been believed.

    Raises RefusedError for a server that is not trusted or does not offer the policy, OpcUaError
    where it does not answer.
    """
    uri = policy_uri(terms.policy)
    host = _host(endpoint)
    client = Client(endpoint, timeout=timeout_s)
    client.application_uri = terms.identity.application_uri
    if terms.policy == NONE:
        if terms.credentials.name or terms.credentials.identity is not None:
            message = f"a user is not told to {endpoint} over a channel without protection"
            raise refusal(Reason.PLAIN_PASSWORD, message, f"use {DEFAULT}")
        return client
    offered = await _offered(client, endpoint, timeout_s)
    server = _chosen(offered, uri, terms.policy, endpoint)
    peer = Peer(is_server=True, host=host, host_override=terms.host_override)
    certificate = await asyncio.to_thread(terms.trust.check, server, peer)
    await _protect(client, terms, certificate)
    client.certificate_validator = _validator(terms, peer)
    return client


async def open_session(client: Client, timeout_s: float = 30.0) -> None:
    """Connect a prepared client; RefusedError where the server refuses, OpcUaError otherwise.

    `timeout_s` bounds all of it, a person's answer on first use included.
    """
    endpoint = client.server_url.geturl()
    connected = False
    try:
        async with asyncio.timeout(timeout_s):
            await client.connect()
        connected = True
    except ua.UaStatusCodeError as error:
        raise _answered(ua.StatusCode(error.code).name, endpoint) from error
    except (ua.UaError, OSError) as error:  # a TimeoutError is an OSError
        raise OpcUaError(f"{endpoint}: {_told(error)}") from error
    finally:
        if not connected:
            client.disconnect_socket()


async def _protect(client: Client, terms: Terms, server: Certificate) -> None:
    identity = terms.identity
    key = await asyncio.to_thread(identity.key_file.read_bytes)
    await client.set_security(
        POLICY_CLASSES[terms.policy],
        uacrypto.CertProperties(identity.certificate.der, "der"),
        uacrypto.CertProperties(key, "pem"),
        server_certificate=uacrypto.CertProperties(server.der, "der"),
        mode=ua.MessageSecurityMode.SignAndEncrypt,
    )
    credentials = terms.credentials
    if credentials.identity is not None:
        client.user_certificate = credentials.identity.certificate.parsed
        client.user_private_key = credentials.identity.key()
    elif credentials.name:
        client.set_user(credentials.name)
        client.set_password(credentials.password)


async def _offered(client: Client, endpoint: str, timeout_s: float) -> list[Any]:
    try:
        async with asyncio.timeout(timeout_s):
            return list(await client.connect_and_get_server_endpoints())
    except (ua.UaError, OSError) as error:
        client.disconnect_socket()
        message = f"{endpoint} does not answer: {_told(error)}"
        raise OpcUaError(message) from error


def _chosen(offered: Sequence[Any], uri: str, policy: str, endpoint: str) -> bytes:
    """Return the certificate of the endpoint with this policy."""
    safe = ua.MessageSecurityMode.SignAndEncrypt
    for each in offered:
        if each.SecurityPolicyUri == uri and each.SecurityMode == safe and each.ServerCertificate:
            return first_of(each.ServerCertificate)
    names = {
        policy_name(each.SecurityPolicyUri)
        for each in offered
        if each.SecurityMode in {safe, ua.MessageSecurityMode.None_}
    }
    message = f"{endpoint} does not offer {policy} with SignAndEncrypt"
    remedy = f"it offers {', '.join(sorted(names)) or 'nothing that is safe'}"
    raise refusal(Reason.POLICY, message, remedy)


def _validator(terms: Terms, peer: Peer) -> Any:  # noqa: ANN401  asyncua's protocol
    async def validate(certificate: Any, application: ua.ApplicationDescription) -> None:  # noqa: ANN401
        der = uacrypto.der_from_x509(certificate)
        full = Peer(
            is_server=True,
            application_uri=application.ApplicationUri,
            host=peer.host,
            host_override=peer.host_override,
        )
        await asyncio.to_thread(terms.trust.check, der, full)

    return validate


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__


def _answered(status: str, endpoint: str) -> OpcUaError:
    """Return the error for a server's refusal, which on the wire is a status code and no more."""
    for reason in Reason:
        if reason.status == status:
            remedy = _AT_THE_SERVER.get(reason, "the server's log says more")
            return refusal(reason, f"{endpoint} answered {status}", remedy)
    return OpcUaError(f"{endpoint} answered {status}")


_AT_THE_SERVER = {
    Reason.UNKNOWN: "the server's keeper must accept our certificate: "
    "linetwin live certificate show tells its thumbprint",
    Reason.EXPIRED: "renew our certificate: linetwin live certificate renew",
    Reason.REVOKED: "our certificate was revoked: make a new one and have it accepted",
    Reason.PASSWORD: "check user name and password, or wait after wrong ones",
    Reason.ANONYMOUS: "give a user name and a password, or a user's certificate",
}


def _host(endpoint: str) -> str:
    parsed = urlparse(endpoint)
    if parsed.scheme != "opc.tcp" or not parsed.hostname:
        hint = "such as opc.tcp://plant-1:4840"
        raise ScenarioError([Problem(f"no endpoint: {endpoint!r}", "ENDPOINT", hint)])
    return parsed.hostname
