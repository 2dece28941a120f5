"""The one tree of errors: each knows its exit code, its subject and what to do.

Exit codes: 0 done and complete, 1 findings or refused input, 2 usage or trouble.
"""

from __future__ import annotations


class TruewheelError(Exception):
    """Base of every error shown to a user as one line.

    ``subject`` is what the error is about, as the user knows it (a wheel, an entry of a wheel
    written ``wheel: entry``, a path below the buildroot); ``hint`` says what to do next.
    """

    exit_code = 2

    def __init__(self, message: str, *, subject: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.subject = subject
        self.hint = hint

    def __str__(self) -> str:
        about = f"{self.subject}: " if self.subject else ""
        advice = f" ({self.hint})" if self.hint else ""
        return one_line(f"{about}{self.message}{advice}")


class RefusedInput(TruewheelError):
    """An input that is not installed; nothing on disk was changed."""

    exit_code = 1


class WheelRefused(RefusedInput):
    """A wheel that breaks the wheel specification or does not fit the target.

    ``rule`` is the broken rule's name in `truewheel.rules` and ends the line in brackets.
    """

    def __init__(self, message: str, *, subject: str = "", hint: str = "", rule: str = "") -> None:
        super().__init__(message, subject=subject, hint=hint)
        self.rule = rule

    def __str__(self) -> str:
        return f"{super().__str__()} [{self.rule}]" if self.rule else super().__str__()


class ConflictRefused(RefusedInput):
    """A planned file collides with another planned file or with what is already in the root."""


class Uncompilable(RefusedInput):
    """Sources that do not compile, where the scheme or the user says that this fails the run."""


class PycUnreadable(RefusedInput):
    """A pyc whose header or code is malformed; ``offset`` is the place in the code, in bytes."""

    def __init__(self, message: str, *, subject: str = "", hint: str = "", offset: int = 0) -> None:
        super().__init__(message, subject=subject, hint=hint)
        self.offset = offset


class UsageError(TruewheelError):
    """Arguments or environment variables that make no sense."""


class SchemeError(TruewheelError):
    """A scheme that cannot be read; ``subject`` is ``FILE:LINE``."""


class InterpreterError(TruewheelError):
    """A target Python that cannot be run or is not supported."""


class StageError(TruewheelError):
    """The operating system refused a write below the root; what this run made was removed."""


class TargetDamaged(TruewheelError):
    """A package, archive or image that is cut off, contradicts itself or is larger than any should be."""


class CompileError(TruewheelError):
    """The bytecode worker could not do its work (not: a source that does not compile)."""


def one_line(text: str) -> str:
    """Return a text with its control characters and bytes of no encoding escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
