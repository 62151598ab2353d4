"""Security policies: which are offered, and why others are not.

Messages are signed and encrypted; a channel that is only signed is not offered, for then a
password or a recipe could be read on the way. `None` is taken only where a person asks by name.
"""

from __future__ import annotations

from typing import Final

from linetwin.errors import Problem, ScenarioError

NONE: Final = "None"
SECURE: Final = ("Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss")
DEFAULT: Final = "Basic256Sha256"
BROKEN: Final = {
    "Basic128Rsa15": "it signs with SHA-1 and pads keys in a way that can be decrypted",
    "Basic256": "it signs with SHA-1",
}
URI: Final = "http://opcfoundation.org/UA/SecurityPolicy#"


def policy_uri(name: str) -> str:
    """Return a policy's URI; ScenarioError for one that is not offered, with the reason."""
    if name in BROKEN:
        message = f"{name} is withdrawn: {BROKEN[name]}"
        raise ScenarioError([Problem(message, "policy", f"use {', '.join(SECURE)}")])
    if name not in {*SECURE, NONE}:
        allowed = f"{', '.join(SECURE)}; {NONE} for no protection at all"
        raise ScenarioError([Problem(f"no policy {name!r}", "policy", allowed)])
    return URI + name


def policy_name(uri: str) -> str:
    """Return the short name of a policy's URI, or the URI where it is another's."""
    return uri.removeprefix(URI)
