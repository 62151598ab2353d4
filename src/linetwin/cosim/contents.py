"""What an FMI 3.0 FMU says of the content of its binary variables."""

from __future__ import annotations

from typing import Final, NamedTuple

ANY: Final = "application/octet-stream"
"""FMI's name of a content of which nothing is said."""


class Content(NamedTuple):
    """The MIME type of a binary variable, and its largest size in bytes (None: any)."""

    mime: str = ANY
    most: int | None = None

    def fits(self, other: Content) -> bool:
        """Tell whether what one variable gives may go to one of content `other`."""
        return ANY in {self.mime, other.mime} or self.mime == other.mime


ANYTHING: Final = Content()
"""The content of a variable of which nothing is said."""


def read_contents(description: bytes) -> dict[str, Content]:
    """Return the contents of a modelDescription.xml by variable.

    Raises ValueError where a size is no number.
    """
    from lxml import etree

    if b"<Binary" not in description:
        return {}
    found = {}
    for element in etree.fromstring(description).iterfind("ModelVariables/Binary"):
        most = element.get("maxSize")
        mime = element.get("mimeType", ANY)
        found[element.get("name", "")] = Content(mime, None if most is None else int(most))
    return found
