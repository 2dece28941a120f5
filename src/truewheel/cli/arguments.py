"""Arguments that several commands share, and the values made from them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from truewheel.children import Standby
from truewheel.cli.console import tell, warn
from truewheel.cli.parser import any_path, glob_text, path_text
from truewheel.dataclass import replace
from truewheel.model import (
    DEFAULT_LIMITS,
    ErrorPolicy,
    Interpreter,
    InvalidationMode,
    Limits,
    Scheme,
)
from truewheel.request import BytecodeOptions
from truewheel.schemes import load_scheme
from truewheel.targets import TargetOptions, find_targets
from truewheel.textfile import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEFAULT_SCHEME = "target"
ROOT_NAMES = ("--root", "--destdir", "-d")  # those of gpep517 and installer, too
_STDOUT = Path("-")
_LEAST_MEMORY = 256


def add_python_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``--scheme``, ``--python`` and what else decides on the target Pythons."""
    parser.add_argument(
        "--scheme",
        type=path_text,
        metavar="NAME|FILE.yaml",
        help="a shipped scheme, see truewheel schemes, or a file of your own (default: target, which is the "
        "target's own layout)",
    )
    parser.add_argument(
        "--python",
        "--interpreter",
        type=path_text,
        action="append",
        metavar="PY",
        help="target Python, or DESCRIPTION.json of one that does not run here; repeat for several flavors, "
        "the default one last (default: that of the root, else python3)",
    )
    parser.add_argument(
        "--run-target",
        action="store_true",
        help="run the Python that lies in the root, by chroot; --python is its path inside",
    )
    parser.add_argument(
        "--compiler",
        type=path_text,
        action="append",
        default=[],
        metavar="PY",
        help="a CPython that compiles for a described one; repeatable (default: one of its version on PATH)",
    )
    parser.add_argument(
        "--platform",
        action="append",
        default=[],
        metavar="TAG",
        help="a platform tag of wheels that fit, such as manylinux_2_36_aarch64; repeatable (default: the "
        "target's)",
    )


def add_target_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``--jobs``, ``--report``, the options about bytecode, and those of `add_python_arguments`."""
    add_python_arguments(parser)
    parser.add_argument(
        "--invalidation-mode",
        choices=[mode.value for mode in InvalidationMode],
        help="how imports recognise a stale pyc (default: the scheme's)",
    )
    parser.add_argument(
        "--optimize",
        type=_levels,
        metavar="0,1",
        help="optimization levels to compile, or all (default: the scheme's)",
    )
    parser.add_argument(
        "--compile-exclude",
        action="append",
        default=[],
        type=glob_text,
        metavar="GLOB",
        help="do not compile what matches, such as templates; repeatable",
    )
    parser.add_argument(
        "--errors",
        choices=[policy.value for policy in ErrorPolicy],
        help="warn of a source that does not compile, or fail (default: the scheme's)",
    )
    parser.add_argument(
        "--jobs",
        "-j",
        type=jobs_number,
        metavar="N",
        help="number of workers (default: the package build's, else all CPUs)",
    )
    parser.add_argument(
        "--limit",
        type=_limit,
        action="append",
        default=[],
        metavar="KIND=N",
        help="what the compiler may take for one source: " + _limits_help(),
    )
    parser.add_argument(
        "--report",
        type=any_path,
        metavar="FILE",
        help="write a report of every path as JSON; - is standard output, which then has nothing else",
    )
    parser.add_argument("--quiet", "-q", action="store_true", help="print only warnings and errors")
    parser.add_argument(
        "--verbose",
        "-v",
        action="count",
        default=0,
        help="print every path; twice also each input as it was understood",
    )


def chosen_scheme(options: argparse.Namespace) -> Scheme:
    """Return the scheme of ``--scheme``, else the one that follows the target."""
    return load_scheme(options.scheme or DEFAULT_SCHEME, warn)


def target_pythons(options: argparse.Namespace, standby: Standby | None = None) -> tuple[Interpreter, ...]:
    """Return the targets that the arguments name, described; raises what `find_targets` raises.

    Their processes stay in ``standby``, ready to compile.
    """
    wanted = TargetOptions(
        tuple(options.python or ()), options.run_target, tuple(options.compiler), tuple(options.platform)
    )
    return find_targets(wanted, options.root or Path("/"), options.scheme is None, standby)


def bytecode_options(options: argparse.Namespace) -> BytecodeOptions:
    """Return the bytecode options that the arguments give."""
    return BytecodeOptions(
        mode=InvalidationMode(options.invalidation_mode) if options.invalidation_mode else None,
        levels=options.optimize,
        errors=ErrorPolicy(options.errors) if options.errors else None,
        jobs=options.jobs,
        limits=replace(DEFAULT_LIMITS, **dict(options.limit)),
        exclude=tuple(options.compile_exclude),
    )


def check_report_argument(path: Path | None) -> None:
    """Raise UsageError, before any work, where ``--report`` names what cannot be written."""
    if path is not None and path != _STDOUT:
        from truewheel.report.document import check_report

        check_report(path)


def deliver_report(path: Path | None, document: Callable[[], dict[str, Any]]) -> bool:
    """Write the report that ``--report`` asks for; returns whether standard output is free for lines."""
    if path == _STDOUT:
        from truewheel.report.document import document_lines

        tell(document_lines(document()))
    elif path is not None:
        from truewheel.report.document import write_document

        write_document(path, document())
    return path != _STDOUT


def understood_lines(scheme: Scheme, interpreters: Sequence[Interpreter]) -> Iterator[str]:
    """Yield what ``-vv`` tells of the inputs."""
    yield f"scheme {scheme.name}"
    for each in interpreters:
        yield f"Python {each.version_text}: {each.executable}, pycs are *.{each.cache_tag}.pyc"


def read_overrides(path: Path | None) -> tuple[str, ...]:
    """Return the words of a file of dependency overrides; none where it does not exist.

    Raises RefusedInput for a file that is not regular or not UTF-8, UsageError where it cannot be read.
    """
    if path is None or not path.exists():
        return ()
    return tuple(read_text(path, hint="write PACKAGE:ACTION[:VERSION], one a line").split())


def _levels(text: str) -> tuple[int, ...]:
    levels = ("0", "1", "2") if text == "all" else tuple(text.split(",")) if text else ()
    if not all(level in ("0", "1", "2") for level in levels):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of levels such as 0,1")
    return tuple(int(level) for level in levels)


def _limits_help() -> str:
    unit = {"cpu": "seconds", "memory": "MiB", "output": "MiB", "time": "seconds by the clock"}
    return ", ".join(
        f"{name} ({unit[name]}, default: {getattr(DEFAULT_LIMITS, name)})" for name in Limits.__match_args__
    )


def _limit(text: str) -> tuple[str, int]:
    kind, _, number = text.partition("=")
    if kind not in Limits.__match_args__:
        raise argparse.ArgumentTypeError(f"{text!r} is not cpu=N, memory=N, output=N or time=N")
    if not (number.isascii() and number.isdigit() and len(number) < 9 and int(number) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} gives no whole number from 1 to 99999999")
    if kind == "memory" and int(number) < _LEAST_MEMORY:
        raise argparse.ArgumentTypeError(
            f"{text!r} is less than the {_LEAST_MEMORY} MiB that a compiler needs"
        )
    return kind, int(number)


def jobs_number(text: str) -> int:
    """Take a number of workers."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of workers, at least 1")
    return int(text)
