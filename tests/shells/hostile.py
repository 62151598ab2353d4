"""Files made to harm a reader, each with a few words for what it does."""

from __future__ import annotations

import io
import json
import struct
import sys
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SPACE = "https://admin-shell.io/aas/3/1"
_RELATIONSHIP = "http://admin-shell.io/aasx/relationships/"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/"


def submodel(elements: list[dict[str, Any]], **more: object) -> dict[str, Any]:
    """Return a submodel of JSON elements."""
    return {"modelType": "Submodel", "id": "urn:x:1", "submodelElements": elements, **more}


def number(value: str, kind: str = "xs:double", name: str = "Speed") -> dict[str, Any]:
    """Return a property of JSON."""
    return {"modelType": "Property", "idShort": name, "valueType": kind, "value": value}


def environment(*submodels: dict[str, Any]) -> bytes:
    """Return an environment of JSON submodels."""
    return json.dumps({"submodels": list(submodels)}).encode()


def xml(body: str, head: str = "", space: str = _SPACE) -> bytes:
    """Return an XML document of shells."""
    return f'<?xml version="1.0"?>{head}<environment xmlns="{space}">{body}</environment>'.encode()


def xml_property(value: str) -> str:
    """Return a submodel of one property in XML."""
    return (
        "<submodels><submodel><id>urn:x:1</id><submodelElements><property><idShort>Speed</idShort>"
        f"<valueType>xs:string</valueType><value>{value}</value></property></submodelElements>"
        "</submodel></submodels>"
    )


def links(*targets: tuple[str, str]) -> str:
    """Return a part of relationships: the kind and the target of each."""
    rows = "".join(
        f'<Relationship Id="r{index}" Type="{_RELATIONSHIP}{kind}" Target="{target}"/>'
        for index, (kind, target) in enumerate(targets)
    )
    return f'<Relationships xmlns="{_PACKAGE}relationships">{rows}</Relationships>'


def parts(document: bytes | str = environment(submodel([number("1")]))) -> dict[str, bytes | str]:
    """Return the parts of a sound package around a JSON document."""
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}content-types">'
        '<Default Extension="json" ContentType="application/json"/></Types>',
        "_rels/.rels": links(("aasx-origin", "/aasx/aasx-origin")),
        "aasx/aasx-origin": "",
        "aasx/_rels/aasx-origin.rels": links(("aas-spec", "/aasx/data.json")),
        "aasx/data.json": document,
    }


def package(
    content: dict[str, bytes | str], change: Callable[[zipfile.ZipFile], None] | None = None
) -> bytes:
    """Return a zip archive of parts; `change` adds what a sound archive would not have."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
        if change is not None:
            change(archive)
    return buffer.getvalue()


def _link(archive: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo("aasx/files/plan.pdf")
    entry.external_attr = 0o120777 << 16
    archive.writestr(entry, "/etc/passwd")


def _nested(depth: int) -> bytes:
    inner = bytes(10_000_000)
    for _ in range(depth):
        inner = package({"inner.zip": inner})
    return inner


def _zeros_that_lie() -> bytes:
    """Return a package whose directory says 100 bytes for a document of 20 MB."""
    data = bytearray(package({**parts(), "aasx/data.json": b" " * 20_000_000}))
    size = struct.pack("<I", 20_000_000)
    while (at := data.find(size)) >= 0:
        data[at : at + 4] = struct.pack("<I", 100)
    return bytes(data)


def packages() -> Iterator[tuple[str, bytes]]:
    """Yield archives that a reader must refuse."""
    sound = parts()
    yield "a part that unpacks a thousandfold", package({**sound, "a.bin": bytes(20_000_000)})
    yield (
        "parts that unpack to more than allowed",
        package(sound | {f"{index}.bin": bytes(1_000_000) for index in range(300)}),
    )
    yield "a size that lies", _zeros_that_lie()
    yield "packages within packages", _nested(5)
    yield "a path upwards", package({**sound, "../../etc/cron.d/job": "x"})
    yield "a path upwards, escaped", package({**sound, "aasx/%2e%2e/%2e%2e/x": "x"})
    yield "an absolute name", package({**sound, "/etc/passwd": "x"})
    yield "a drive's name", package({**sound, "C:/Windows/x": "x"})
    yield "a backslash", package({**sound, "aasx\\..\\x": "x"})
    yield "names that differ in case alone", package({**sound, "AASX/data.json": "{}"})
    yield "a symbolic link", package(sound, _link)
    yield "ten thousand parts", package(sound | {f"p{n}": "" for n in range(10_001)})
    yield "an archive cut short", package(sound)[:300]
    yield "no origin", package({"aasx/data.json": sound["aasx/data.json"]})
    yield "an origin that leads nowhere", package(sound | {"aasx/_rels/aasx-origin.rels": links()})
    yield (
        "shells that are not there",
        package(sound | {"aasx/_rels/aasx-origin.rels": links(("aas-spec", "/no.json"))}),
    )
    yield (
        "relationships with entities",
        package(sound | {"_rels/.rels": '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'}),
    )
    yield "only a broken document", package(parts(b'{"submodels": ['))


def documents() -> Iterator[tuple[str, bytes]]:
    """Yield JSON and XML documents that a reader must refuse."""
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    head = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>'
    yield "a billion laughs", xml(xml_property("&l9;"), head)
    yield (
        "an external entity",
        xml(xml_property("&f;"), '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'),
    )
    yield "an entity nobody declares", xml(xml_property("&f;"))
    yield "deep JSON", b'{"submodels":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}"
    yield "JSON a little too deep", b'{"submodels":' + b"[" * 120 + b"]" * 120 + b"}"
    deep: dict[str, Any] = number("1")
    for _ in range(200):
        deep = {"modelType": "SubmodelElementCollection", "idShort": "C", "value": [deep]}
    yield "deep collections", environment(submodel([deep]))
    yield "deep XML", xml("<submodels>" * 100_000)
    yield "sixty megabytes of text", environment(submodel([number("x" * 60_000_000)]))
    yield "sixty megabytes of blanks", b" " * 60_000_000
    yield "millions of lists", b'{"submodels":[' + b"[]," * 4_000_000 + b"[]]}"
    yield "millions of numbers", b'{"submodels":[' + b"12," * 4_000_000 + b"1]}"
    yield (
        "a hundred thousand and one elements",
        b'{"submodels":[{"modelType":"Submodel","id":"urn:x:1","submodelElements":['
        + b'{"modelType":"Capability"},' * 100_000
        + b'{"modelType":"Capability"}]}]}',
    )
    yield "millions of XML elements", xml("<a/>" * 3_100_000)
    yield "a key that stands twice", b'{"submodels": [], "submodels": []}'
    yield "an empty environment", b"{}"
    yield "an empty XML environment", xml("")
    yield "no bytes", b""
    yield "bytes of another kind", b"\x89PNG\r\n\x1a\n" + bytes(100)
    yield "NUL bytes", b"\0" * 1000
    yield "NUL in XML", xml(xml_property("\0"))
    yield "no UTF-8", b'{"submodels": "\xff\xfe"}'
    yield "an encoding nobody knows", b'<?xml version="1.0" encoding="klingon"?><environment/>'
    yield "metamodel 2.0 in XML", xml("", space="http://www.admin-shell.io/aas/2/0")
    yield "metamodel 1.0 in XML", xml("", space="http://www.admin-shell.io/aas/1/0")
    yield (
        "metamodel 2.0 in JSON",
        b'{"assetAdministrationShells": [{"identification": {"id": "a"}}], "assets": []}',
    )
    yield "another namespace", xml(xml_property("a"), space="urn:other")
    yield "another root", b'<submodel xmlns="https://admin-shell.io/aas/3/1"/>'
    yield "a million faults", environment(*({"modelType": "Submodel"} for _ in range(90_000)))


def odd_values() -> Iterator[tuple[str, bytes, str]]:
    """Yield documents that are read without one value, and the note that says so."""
    for text, kind in (
        ("1e999999", "xs:double"),
        ("-1e400", "xs:double"),
        ("1e39", "xs:float"),
        ("9" * 1_000_000, "xs:integer"),
        ("9" * 1_000_000, "xs:double"),
        ("1e5", "xs:decimal"),
        ("1_000", "xs:int"),
        ("\u0661\u0662", "xs:int"),
        ("4,5", "xs:double"),
        ("300", "xs:byte"),
        ("P" + "9" * 1_000_000 + "Y", "xs:duration"),
        ("99999-01-01T00:00:00", "xs:dateTime"),
        ("2024-13-01", "xs:date"),
        ("zz", "xs:hexBinary"),
    ):
        yield f"{text[:12]} as {kind}", environment(submodel([number(text, kind)])), "left out"
    yield "a NUL", environment(submodel([number("a\0b", "xs:string")])), "characters"
    yield "half a surrogate", environment(submodel([number("\ud800", "xs:string")])), "characters"


def measured() -> Iterator[tuple[str, float, float, str, str]]:
    """Yield what reading each costs: name, s of processor time, MB more at the peak, error, words.

    The error is the name of its class, or empty; the words are its own, or those of the notes.
    """
    from linetwin.errors import LinetwinError
    from linetwin.shells.reading import read

    for name, data in (
        *packages(),
        *documents(),
        *((what, file) for what, file, _ in odd_values()),
    ):
        before = _memory(forget=True)
        start = time.process_time()
        try:
            kind, words = "", "\n".join(read(data).notes)
        except LinetwinError as error:
            kind, words = type(error).__name__, str(error)
        yield name, time.process_time() - start, _memory() - before, kind, words


def _memory(*, forget: bool = False) -> float:
    """Return the most memory in MB that this process ever had, or has had since it forgot."""
    if forget:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split("kB")[0]) / 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(list(measured())))
