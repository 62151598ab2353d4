"""The security folder of one application, and files that only their owner may read.

own/       certificate-0001.der, key-0001.pem: the application's own, a pair a renewal
trusted/   certificates that are believed; a CA's here makes all that it issued believed
issuers/   CA certificates that complete a chain and are not believed themselves
rejected/  certificates that were shown and are not believed, for a person to accept
revoked/   revocation lists of CAs (CRLs)
users.json who may log in to a server
audit.jsonl  who changed trust and users
"""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE_FILE = 0o600
PUBLIC_FILE = 0o644
PRIVATE_FOLDER = 0o700


@dataclass(frozen=True)
class SecurityFolder:
    """Where one application keeps its certificates, its trust and its users."""

    root: Path

    @property
    def own(self) -> Path:
        """Return the folder of the application's own certificates and keys."""
        return self.root / "own"

    @property
    def trusted(self) -> Path:
        """Return the folder of certificates that are believed."""
        return self.root / "trusted"

    @property
    def issuers(self) -> Path:
        """Return the folder of CA certificates that only complete a chain."""
        return self.root / "issuers"

    @property
    def rejected(self) -> Path:
        """Return the folder of certificates that were shown and are not believed."""
        return self.root / "rejected"

    @property
    def revoked(self) -> Path:
        """Return the folder of revocation lists."""
        return self.root / "revoked"

    @property
    def users(self) -> Path:
        """Return the file of users."""
        return self.root / "users.json"

    @property
    def log(self) -> Path:
        """Return the audit log of who changed trust and users."""
        return self.root / "audit.jsonl"

    def make(self) -> None:
        """Make what is missing; only the owner may look into a new folder."""
        self.root.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        for folder in (self.own, self.trusted, self.issuers, self.rejected, self.revoked):
            folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def write_new(file: Path, content: bytes, mode: int) -> None:
    """Write a file that must not be there yet, whole or not at all; FileExistsError if it is."""
    draft = _draft(file, content, mode)
    try:
        # A link fails where the name is taken, a rename would replace it.
        os.link(draft, file)
    finally:
        draft.unlink()


def replace(file: Path, content: bytes, mode: int) -> None:
    """Write a file, whole or not at all, in place of what was there."""
    draft = _draft(file, content, mode)
    draft.replace(file)


def sync_folder(folder: Path) -> None:
    """Make names that were added to a folder last through a loss of power."""
    if sys.platform == "win32":  # a folder cannot be opened there; its names are journalled
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _draft(file: Path, content: bytes, mode: int) -> Path:
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    # The mode is given when the file is made: a key is at no time open to others.
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    return draft
