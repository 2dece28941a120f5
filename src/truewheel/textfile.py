"""Read and write the small text files of others: regular, bounded, UTF-8."""

from __future__ import annotations

import os
import stat

from truewheel.errors import RefusedInput, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 64 << 20  # bytes; the largest METADATA, RECORD or report seen has a tenth of it


def read_bytes(path: str | Path, *, subject: str = "", hint: str = "", limit: int = LIMIT) -> bytes:
    """Return the content of a regular file of the build host, at most ``limit`` bytes.

    ``subject`` names the file in errors where its path does not. Raises UsageError where the file is missing
    or cannot be read, RefusedInput for a FIFO, a device, a directory, or more bytes than ``limit``.
    """
    about = subject or os.fspath(path)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a FIFO would block, a device might never end
            raise RefusedInput("is not a regular file", subject=about, hint=hint)
        with open(path, "rb") as stream:
            content = stream.read(limit + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"cannot be read: {reason}", subject=about, hint=hint) from error
    if len(content) > limit:
        raise RefusedInput(f"has more than {limit} bytes", subject=about, hint=hint)
    return content


def read_text(path: str | Path, *, subject: str = "", hint: str = "", limit: int = LIMIT) -> str:
    """Return the content of a UTF-8 file, without a byte order mark; raises what `read_bytes` raises.

    RefusedInput for other encodings names the byte.
    """
    return decoded(
        read_bytes(path, subject=subject, hint=hint, limit=limit), subject or os.fspath(path), hint
    )


def decoded(content: bytes, subject: str, hint: str = "") -> str:
    """Decode UTF-8, a byte order mark left out; raises RefusedInput that names the offending byte."""
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise RefusedInput(
            f"is not UTF-8 (byte {content[error.start]:#04x} at {error.start})", subject=subject, hint=hint
        ) from error


def write_text(path: str | Path, text: str, *, hint: str = "") -> None:
    """Write a UTF-8 file; raises UsageError where that cannot be done."""
    try:
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise UsageError(
            f"cannot be written: {error.strerror}", subject=os.fspath(path), hint=hint
        ) from error
