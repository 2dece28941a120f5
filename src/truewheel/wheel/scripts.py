"""Scripts of a wheel that get another first line, piece by piece: some are large programs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

from truewheel.dataclass import dataclass, field, replace
from truewheel.model import RewrittenEntry, Wheel, WheelEntry
from truewheel.shebang import wants_python, with_python
from truewheel.wheel.kept import Kept
from truewheel.wheel.reader import WheelContents, open_contents

_HEAD = 4096


@dataclass
class Scripts:
    """How scripts begin that stay as they are, by the file name of their wheel and their own name.

    ``rewritten`` are the others, by the first line that they get, too: ``#!`` included, no line end.
    """

    heads: dict[tuple[str, str], bytes] = field(default_factory=dict)
    rewritten: dict[tuple[str, str, bytes], RewrittenEntry] = field(default_factory=dict)


def read_scripts(
    wheels: Sequence[Wheel],
    kept: Kept,
    every: bool,
    shebangs: Callable[[], Sequence[bytes]],
) -> Scripts:
    """Read the scripts of wheels, given the first lines that they get (see `wants_python` for ``every``).

    ``kept`` are the entries that read_wheel kept. Raises WheelRefused for a file that changed since.
    """
    scripts = Scripts()
    for wheel in wheels:
        with open_contents(wheel, kept) as contents:
            for entry in (entry for entry in wheel.entries if entry.category == "scripts"):
                head = next(contents.chunks(entry), b"")
                line = _first_line(head, entry)
                if wants_python(line, every):
                    for shebang in dict.fromkeys(shebangs()):
                        new = with_python(line, shebang, every)
                        made = _rewritten(contents, entry, new, len(line))
                        scripts.rewritten[wheel.filename, entry.name, shebang] = made
                else:
                    scripts.heads[wheel.filename, entry.name] = head[:_HEAD]
    return scripts


def chunks(contents: WheelContents, source: WheelEntry | RewrittenEntry) -> Iterator[bytes]:
    """Yield the bytes of an entry, or of one with another first line; raises what WheelContents raises."""
    if isinstance(source, WheelEntry):
        yield from contents.chunks(source)
        return
    yield source.line
    left = source.skipped
    for data in contents.chunks(source.entry):
        if len(data) > left:
            yield data[left:]
        left = max(0, left - len(data))


def _first_line(head: bytes, entry: WheelEntry) -> bytes:
    """The first line with its end; none where it is longer than ``head``: no kernel reads that."""
    end = head.find(b"\n") + 1
    return head[:end] if end or len(head) < entry.size else head


def _rewritten(contents: WheelContents, entry: WheelEntry, line: bytes, skipped: int) -> RewrittenEntry:
    made = RewrittenEntry(entry, line, skipped, len(line) + entry.size - skipped, "")
    digest = hashlib.sha256()
    for data in chunks(contents, made):
        digest.update(data)
    return replace(made, sha256=digest.hexdigest())
