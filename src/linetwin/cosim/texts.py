"""Text and bytes of an FMU's variables, kept where Python and the compiled kernel both reach them.

An FMU shows a text only until its next call, so each is copied.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgpack

from linetwin.cosim.instance import WARNING
from linetwin.cosim.kernel.library import kernel
from linetwin.cosim.kernel.structures import KernelBlock
from linetwin.cosim.kernel.text_structures import GROW, KernelText, KernelTexts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from linetwin.cosim.binary import Binary, CFunction
    from linetwin.cosim.description import Variable

TEXTUAL: Final = frozenset({"String", "Binary"})
"""FMI types whose values are no numbers and have a length of their own."""
_ROOM: Final = 256


@dataclass(frozen=True)
class TextBlock:
    """How a text variable is set and read; called as FMI's own functions are."""

    label: str
    set: Callable[..., int]
    get: Callable[..., int]


class TextCell:
    """The values of one text or binary variable: one, or all elements of an array."""

    def __init__(self, binary: Binary, elements: Sequence[Variable]) -> None:
        """Bind to a variable's elements, in their order; all are empty to begin with."""
        first, self.version = elements[0], binary.description.version
        self.binary = first.type == "Binary"
        self.functions = binary.functions(f"Get{first.type}", f"Set{first.type}")
        self.block = TextBlock(first.type, self._set, self._get)
        self.count = len(elements)
        self.arguments: tuple[Any, ...] = ()
        self.pointer, self.stride = ctypes.c_void_p(), 0
        self._reference = ctypes.c_uint32(first.reference)
        self._places = (ctypes.c_void_p * self.count)()
        self._sizes = (ctypes.c_size_t * self.count)()
        self._texts = (KernelText * self.count)()
        self._grow = GROW(self._make_room)
        self._buffers: dict[int, Any] = {}
        for text in self._texts:
            text.most = first.content.most or 0
            text.grow = self._grow
            self._make_room(ctypes.pointer(text), _ROOM)
        self.address = ctypes.addressof(self._texts)
        self._inside = KernelTexts(
            get=ctypes.cast(self.functions[0], ctypes.c_void_p).value,  # type: ignore[arg-type]
            set=ctypes.cast(self.functions[1], ctypes.c_void_p).value,  # type: ignore[arg-type]
            binary=self.binary,
            texts=self.address,
            count=self.count,
            places=ctypes.addressof(self._places),
            sizes=ctypes.addressof(self._sizes),
        )

    def _make_room(self, text: Any, size: int) -> None:  # noqa: ANN401 - a ctypes pointer
        """Let a content have `size` bytes, and the zero that ends a text; what it had is lost."""
        buffer = ctypes.create_string_buffer(2 * size + 1)
        inside = text.contents
        self._buffers[ctypes.addressof(inside)] = buffer
        inside.content, inside.room = ctypes.addressof(buffer), 2 * size

    def get(self, place: int) -> bytes:
        """Return an element's content."""
        text = self._texts[place]
        return ctypes.string_at(text.content, text.size)

    def put(self, place: int, content: bytes) -> None:
        """Set an element's content; ValueError where the variable takes none as long."""
        most = self._texts[place].most
        if most and len(content) > most:
            raise ValueError(len(content))
        self._keep(place, content)

    def _keep(self, place: int, content: bytes) -> None:
        text = self._texts[place]
        if len(content) > text.room:
            self._make_room(ctypes.pointer(text), len(content))
        ctypes.memmove(text.content, content + b"\0", len(content) + 1)
        text.size = len(content)

    def place(self, column: int) -> int:
        """Return where an element lies, for the kernel."""
        return self.address + column * ctypes.sizeof(KernelText)

    def content(self) -> bytes:
        """Return all elements as bytes, to be saved."""
        packed: bytes = msgpack.packb([self.get(place) for place in range(self.count)])
        return packed

    def load(self, content: bytes) -> None:
        """Take what `content` returned."""
        for place, found in enumerate(msgpack.unpackb(content)):
            self._keep(place, found)

    def setting(self, _rows: int) -> KernelBlock:
        """Return the block for the kernel, to be set."""
        return self._compiled("set")

    def getting(self, _rows: int) -> KernelBlock:
        """Return the block for the kernel, to be read."""
        return self._compiled("get")

    def _compiled(self, verb: str) -> KernelBlock:
        found = kernel().kernel
        if found is None:
            raise RuntimeError("a text is shown to a kernel that is not loaded")
        access: Any = found.library[f"linetwin_text_{verb}{self.version}"]
        return KernelBlock(
            access=ctypes.cast(access, ctypes.c_void_p).value,
            references=ctypes.addressof(self._reference),
            count=1,
            size=self.count,
            values=ctypes.addressof(self._inside),
            stride=0,
        )

    def _call(self, function: CFunction, handle: ctypes.c_void_p) -> int:
        """Call the FMU; FMI 3 wants the number of values too, and the sizes of binary ones."""
        arguments: list[Any] = [handle, ctypes.byref(self._reference), ctypes.c_size_t(1)]
        arguments += [self._sizes, self._places] if self.binary else [self._places]
        if self.version == 3:  # noqa: PLR2004 - the FMI version
            arguments.append(ctypes.c_size_t(self.count))
        status: int = function(*arguments)
        return status

    def _set(self, handle: ctypes.c_void_p) -> int:
        for place, text in enumerate(self._texts):
            self._places[place], self._sizes[place] = text.content, text.size
        return self._call(self.functions[1], handle)

    def _get(self, handle: ctypes.c_void_p) -> int:
        status = self._call(self.functions[0], handle)
        if status <= WARNING:
            for place, found in enumerate(self._places):
                size = self._sizes[place] if self.binary else -1
                self._keep(place, ctypes.string_at(found, size) if found else b"")
        return status
