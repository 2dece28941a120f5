"""Say what the operating system refused below a root, and what to do about it."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Collection, Iterator

from truewheel.errors import StageError, TruewheelError

_HINTS = {
    errno.ENOSPC: "free some space and run again",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "this user must be able to read and write the root and what is below it",
    errno.EPERM: "its owner alone may do this, or nobody where it is immutable (lsattr)",
    errno.EROFS: "the root is on a read-only file system",
    errno.ELOOP: "a link stands where a directory or file of the root is expected",
    errno.ENOTDIR: "a link or a file stands where a directory of the root is expected",
    errno.EFBIG: "raise the file size limit (ulimit -f)",
    errno.EMFILE: "raise the number of open files (ulimit -n)",
    errno.ENAMETOOLONG: "the file system does not take names this long",
}

LEFT_HINT = "run again, which removes what is left of this run"


def stage_error(final: str, error: OSError, hint: str = "") -> StageError:
    """The error of a final path that could not be written; ``hint`` where the root is not as it was."""
    reason = error.strerror or str(error)
    known = _HINTS.get(error.errno or 0, "everything this run made was removed again")
    return StageError(f"cannot be written: {reason}", subject=final, hint=hint or known)


def undated_error(path: str) -> StageError:
    """The error of a directory that SOURCE_DATE_EPOCH dates, and this user cannot."""
    return StageError(
        "belongs to another user, who alone can give it the date that SOURCE_DATE_EPOCH asks for",
        subject=path,
        hint="run as its owner, or give --keep-dates, with which it has the time of this run",
    )


def undo_error(failed: Collection[str], error: BaseException | None) -> StageError:
    """The error of a run that ``error`` ended, of which the final paths ``failed`` could not be undone."""
    cause = error.message if isinstance(error, TruewheelError) else "the run was interrupted"
    subject = error.subject if isinstance(error, TruewheelError) and error.subject else "/"
    first, more = next(iter(failed)), f" and {len(failed) - 1} more" if len(failed) > 1 else ""
    return StageError(
        f"{cause}; and the root is not as it was: {first}{more} could not be removed or restored",
        subject=subject,
        hint=LEFT_HINT,
    )


@contextlib.contextmanager
def as_stage_error(final: str, hint: str = "") -> Iterator[None]:
    """Turn an OSError into the StageError of a final path, see `stage_error`."""
    try:
        yield
    except OSError as error:
        raise stage_error(final, error, hint) from error
