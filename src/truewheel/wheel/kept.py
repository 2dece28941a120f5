"""The bytes of entries that stay in memory from the check to the install."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mmap import mmap

_IN_HEAP = 8192  # entries
_SEGMENT = 1 << 16  # bytes


class Kept:
    """Entries that stay in memory after they were checked, up to ``budget`` bytes over all wheels.

    Where they are many, the small ones lie in segments that go back to the system one by one: the holes they
    would leave in the heap are of use to nobody.
    """

    def __init__(self, budget: int) -> None:
        self._left = budget
        self._count = 0
        self._wheels: dict[str, dict[str, bytes | int]] = {}  # an int is a place in the segments
        self._segments: list[mmap | None] = []
        self._users: list[int] = []
        self._end = 0

    def keep(self, filename: str, entry: str, content: bytes) -> None:
        """Keep the content of an entry of the wheel ``filename``, if it fits."""
        if len(content) > self._left:
            return
        self._left -= len(content)
        self._count += 1
        is_small = self._count > _IN_HEAP and 0 < len(content) < _SEGMENT // 4
        self._wheels.setdefault(filename, {})[entry] = self._placed(content) if is_small else content

    def has(self, filename: str, entry: str) -> bool:
        """Tell whether the content of an entry is there."""
        return entry in self._wheels.get(filename, ())

    def get(self, filename: str, entry: str, size: int) -> bytes | None:
        """Return the content of an entry of ``size`` bytes, None where it is not there."""
        found = self._wheels.get(filename, {}).get(entry)
        if not isinstance(found, int):
            return found
        segment, start = self._segments[found // _SEGMENT], found % _SEGMENT
        return segment[start : start + size] if segment is not None else None

    def forget(self, filename: str, entry: str) -> None:
        """Forget the content of an entry, if it is there."""
        place = self._wheels.get(filename, {}).pop(entry, None)
        if isinstance(place, int):
            number = place // _SEGMENT
            self._users[number] -= 1
            if not self._users[number]:
                self._segments[number] = None

    def _placed(self, content: bytes) -> int:
        """Copy content into a segment; return its place there."""
        segment = self._segments[-1] if self._segments else None
        if segment is None or self._end + len(content) > _SEGMENT:
            from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap  # few wheels are so large

            segment = mmap(-1, _SEGMENT, MAP_PRIVATE | MAP_ANONYMOUS)
            self._segments.append(segment)
            self._users.append(0)
            self._end = 0
        start = self._end
        self._end += len(content)
        segment[start : self._end] = content
        self._users[-1] += 1
        return (len(self._segments) - 1) * _SEGMENT + start
