"""The header fields of METADATA, WHEEL and PKG-INFO: their one parser.

Source: core metadata specification, which is RFC 822 as Python's ``email`` reads it by its policy compat32.
The body is left alone, so nested messages in it are no matter.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator

from truewheel.dataclass import dataclass

_CONTINUATION = (" ", "\t")
_IGNORED = (":", "From ", *_CONTINUATION)


@dataclass(frozen=True)
class Field:
    """A field as it stands in the text: ``source`` is all of its lines, line ends included."""

    name: str
    source: str

    @property
    def value(self) -> str:
        """The value, unfolded to one line, without white space around it."""
        return self.source.partition(":")[2].replace("\r", "").replace("\n", "").strip()


class Fields:
    """The fields of a text in their order; names are compared without regard to case."""

    def __init__(self, fields: Iterable[Field]) -> None:
        self._values: dict[str, list[str]] = {}
        for field in fields:
            self._values.setdefault(field.name.lower(), []).append(field.value)

    def items(self) -> list[tuple[str, str]]:
        """Return each field, its name in lower case, those of one name together."""
        return [(name, value) for name, values in self._values.items() for value in values]

    def all(self, name: str) -> list[str]:
        """Return each value of a field."""
        return self._values.get(name.lower(), [])

    def first(self, name: str) -> str:
        """Return the first value of a field, an empty text where there is none."""
        return next(iter(self.all(name)), "")


def is_project_name(text: str) -> bool:
    """Tell whether a Name is one, not yet normalised (core metadata specification, PEP 508)."""
    bare = text.replace("-", "").replace("_", "").replace(".", "")
    return text.isascii() and bare.isalnum() and text[0].isalnum() and text[-1].isalnum()


def normalized(name: str) -> str:
    """Return a project's name in the form that is compared (PEP 503); any text has one."""
    name = name.replace("_", "-").replace(".", "-").lower()
    while "--" in name:
        name = name.replace("--", "-")
    return name


def parse_fields(text: str) -> Fields:
    """Read the fields of a metadata file; text that is no field ends them, and none is an error."""
    return Fields(field for field in _pieces(text) if field.name)


def edit_fields(text: str, edit: Callable[[Field], str]) -> str:
    """Replace the source of each field by what ``edit`` returns for it; all other text stays as it is."""
    pieces = list(_pieces(text))
    head = "".join(edit(piece) if piece.name else piece.source for piece in pieces)
    return head + text[sum(len(piece.source) for piece in pieces) :]


def _pieces(text: str) -> Iterator[Field]:
    """Yield the fields, and lines among them that ``email`` ignores as fields without a name."""
    name, lines = "", [""]
    for line in io.StringIO(text, newline=""):
        if line.startswith(_CONTINUATION) and name:
            lines.append(line)
            continue
        found = _field_name(line)
        if not found and not line.startswith(_IGNORED):
            break
        yield Field(name, "".join(lines))
        name, lines = found, [line]
    yield Field(name, "".join(lines))


def _field_name(line: str) -> str:
    """Return the printable ASCII ahead of the first colon; "" where there is none, or other characters."""
    name, colon, _ = line.partition(":")
    return name if colon and name.isascii() and name.isprintable() and " " not in name else ""
