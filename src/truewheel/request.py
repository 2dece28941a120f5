"""What a caller asks the pipeline for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from truewheel.dataclass import dataclass
from truewheel.environment import default_jobs
from truewheel.model import (
    DEFAULT_LIMITS,
    BytecodePolicy,
    ErrorPolicy,
    Interpreter,
    InvalidationMode,
    Limits,
    Scheme,
)


@dataclass(frozen=True)
class BytecodeOptions:
    """A caller's choices for bytecode; None leaves one to the scheme.

    ``jobs`` is a number of workers; ``limits`` are those of the compiler for one source; ``exclude`` are
    globs of sources that are not compiled, in addition to the scheme's.
    """

    mode: InvalidationMode | None = None
    levels: tuple[int, ...] | None = None
    errors: ErrorPolicy | None = None
    jobs: int | None = None
    limits: Limits = DEFAULT_LIMITS
    exclude: tuple[str, ...] = ()

    def policy(self, scheme: Scheme) -> BytecodePolicy:
        """Return what the bytecode is like by these choices and the scheme."""
        levels = scheme.optimize if self.levels is None else self.levels
        return BytecodePolicy(
            mode=self.mode or scheme.invalidation_mode,
            levels=tuple(sorted(set(levels))),
            hardlink=scheme.hardlink,
            # without its bytecode nothing is left of a source
            errors=ErrorPolicy.FAIL if scheme.layout == "legacy" else self.errors or scheme.errors,
            exclude=(*scheme.compile_exclude, *self.exclude),
            filename=scheme.code_filename,
            legacy=scheme.layout == "legacy" and bool(levels),
            symlink=scheme.symlink,
        )

    def workers(self, environ: Mapping[str, str]) -> int:
        """Return the number of workers, by default that of the environment."""
        return default_jobs(environ) if self.jobs is None else self.jobs


@dataclass(frozen=True)
class InstallRequest:
    """An install as asked for.

    ``root`` and ``wheels`` lie on the build host; a directory stands for the wheels in it. ``prefix`` and
    ``script_python`` are final paths; ``script_flags`` such as ``sP`` replace the scheme's. ``overrides``
    change the requirements in METADATA, PACKAGE:ACTION[:VERSION] each. Directories that were there keep a
    date later than SOURCE_DATE_EPOCH with ``keep_dates``. With ``overwrite``, files that differ are replaced,
    and another version of a project goes, by its RECORD or by one of the ``reports`` of earlier installs.
    ``allow`` are rules of wheels that warn instead of refuse, ``deny`` rules that refuse instead of warn, and
    ``exclude`` globs of what is not installed, all in addition to the scheme's. With ``list_bytecode`` RECORD
    also lists bytecode that is in the root, of other levels and Pythons. With ``follow_links`` directories of
    the root may be links, which lead to where they do inside. ``digest_wheels`` computes the SHA-256 of the
    wheel files, for a report; without it, it is empty where no direct_url.json needs it.
    """

    wheels: tuple[Path, ...]
    root: Path
    scheme: str | Scheme = "generic"
    pythons: tuple[str | Interpreter, ...] = ("python3",)
    prefix: str | None = None
    bytecode: BytecodeOptions = BytecodeOptions()
    script_python: str | None = None
    script_flags: str | None = None
    overrides: tuple[str, ...] = ()
    overwrite: bool = False
    sync: bool = False
    keep_dates: bool = False
    reports: tuple[Path, ...] = ()
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    ignore_requires_python: bool = False
    list_bytecode: bool = False
    follow_links: bool = False
    digest_wheels: bool = True


@dataclass(frozen=True)
class CompileRequest:
    """Sources to compile that come from no wheel: ``paths`` are final paths, or lie below ``root``.

    Sources that ``reports`` of installs list are left out unless they changed since. With ``remove_strays``,
    bytecode below ``paths`` that belongs to no source there, or to another Python or level, is removed. With
    ``repair``, a source gets the levels that its directory has bytecode of, and keeps others of its own;
    with ``records``, the RECORDs that list bytecode are corrected.
    """

    paths: tuple[str, ...]
    root: Path = Path("/")
    scheme: str | Scheme = "generic"
    pythons: tuple[str | Interpreter, ...] = ("python3",)
    bytecode: BytecodeOptions = BytecodeOptions()
    reports: tuple[Path, ...] = ()
    remove_strays: bool = False
    repair: bool = False
    records: bool = False
