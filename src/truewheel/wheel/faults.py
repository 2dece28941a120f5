"""Faults of a wheel as values, and the one place where a fault becomes an error.

A check is a generator: it yields each fault and returns what it found out, so that the same checks serve
those who stop at the first fault and those who want all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager

from truewheel.dataclass import dataclass
from truewheel.errors import UsageError, WheelRefused
from truewheel.rules import INSTALLED, Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T")
    Checked = Generator["Fault", None, T]
else:
    Checked = Generator


@dataclass(frozen=True)
class Fault:
    """What is wrong with a wheel.

    ``rule`` is a name in `truewheel.rules`, ``entry`` the archive's name of what is wrong, empty for the
    wheel itself; ``hint`` says what to do, by default in the words of the rule.
    """

    rule: str
    entry: str
    message: str
    hint: str = ""

    def __post_init__(self) -> None:
        if not self.hint:
            object.__setattr__(self, "hint", INSTALLED[self.rule].hint)


class FaultFound(Exception):
    """A fault that ends the reading of an entry; `attempt` turns it back into a value."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def attempt(action: Callable[[], T]) -> Checked[T | None]:
    """Return what ``action`` returns, or yield the fault that it raises as FaultFound and return None."""
    try:
        return action()
    except FaultFound as found:
        yield found.fault
        return None


def is_refused(fault: Fault, allowed: Collection[str] = ()) -> bool:
    """Say whether a fault refuses the wheel where the rules of ``allowed`` are a caller's choice."""
    severity = INSTALLED[fault.rule].severity
    return severity is Severity.ERROR or (severity is Severity.CHOICE and fault.rule not in allowed)


def first_refused(
    filename: str, check: Checked[T | None], allowed: Collection[str] = ()
) -> tuple[T, tuple[Fault, ...]]:
    """Return what a check found out about the wheel ``filename``, and the faults that do not refuse it.

    A check returns None only after it yielded a fault that does. Raises WheelRefused for the first such
    fault, UsageError where the file cannot be read.
    """
    tolerated: list[Fault] = []
    with about(filename):
        while True:
            try:
                fault = next(check)
            except StopIteration as end:
                found: T = end.value
                return found, tuple(tolerated)
            if is_refused(fault, allowed):
                check.close()
                raise FaultFound(fault)
            tolerated.append(fault)


@contextmanager
def about(filename: str) -> Iterator[None]:
    """Name the wheel: FaultFound becomes WheelRefused, OSError from reading it UsageError."""
    try:
        yield
    except FaultFound as found:
        raise refused(filename, found.fault) from found
    except OSError as error:
        hint = "check the disk the wheel lies on"
        raise UsageError(f"cannot be read: {error.strerror}", subject=filename, hint=hint) from error


def refused(filename: str, fault: Fault) -> WheelRefused:
    """Return the error for a fault of the wheel ``filename``, its base name."""
    subject = f"{filename}: {shortened(fault.entry)}" if fault.entry else filename
    message = shortened(fault.message, 400)
    return WheelRefused(message, subject=subject, hint=fault.hint, rule=fault.rule)


def shortened(text: str, limit: int = 200) -> str:
    """Return a text of at most ``limit`` characters, cut in its middle."""
    half = limit // 2 - 2
    return text if len(text) <= limit else f"{text[:half]}...{text[-half:]}"
