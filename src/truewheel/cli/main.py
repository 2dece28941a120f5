"""The command line: parse, run one command, turn errors into one line and an exit code."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType

from truewheel import __version__
from truewheel.cli.console import complain
from truewheel.errors import TruewheelError

_COMMANDS = {
    "wheel": "build a wheel without isolation and without a network",
    "install": "unpack wheels into a root and byte-compile them",
    "compile": "byte-compile sources that are below a root already",
    "requires": "print a project's build or run-time dependencies as RPM requirements",
    "provides": "print what installed projects provide as RPM capabilities",
    "fix-shebang": "give scripts the first line the distribution wants",
    "python": "show what a target Python says of itself",
    "schemes": "show the schemes and what they decide",
    "files": "list what was installed as a spec file wants it",
    "check-import": "import what was installed, from the root",
    "debhelper": "carry out a step of debhelper's truewheel build system",
    "flavor": "carry out a step of openSUSE's macros for one interpreter flavor",
}


def run() -> None:
    """The console script: exits with the command's status."""
    _name_files_in_utf8()
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str]) -> int:
    """Run a command line. Returns 0 done and complete, 1 refused input or findings, 2 usage or trouble."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        options = _parse(argv)
        command = importlib.import_module(f"truewheel.cli.{options.command.replace('-', '_')}_command")
        status = int(command.run(options))
        if sys.stdout is not None:
            sys.stdout.flush()  # a full disk must be known here, not when Python ends
        return status
    except TruewheelError as error:
        complain("error", str(error))
        return error.exit_code
    except KeyboardInterrupt:
        complain("error", "interrupted; the root is complete or as it was")
        return 128 + signal.SIGINT
    except BrokenPipeError:
        return _drop_output()
    except (OSError, MemoryError) as error:
        complain("error", str(error) or type(error).__name__)
        return _drop_output()
    except Exception:  # a defect of ours: show all of it, and never exit 1, which means refused input
        traceback.print_exc()
        return 2


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="truewheel",
        description="Put Python wheels into buildroots so that every byte is a function of the inputs.",
        epilog="Exit status: 0 done and complete, 1 findings or refused input, 2 usage or trouble.",
    )
    parser.add_argument("--version", action="version", version=f"truewheel {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    named = next((word for word in argv if word in _COMMANDS), None)
    for name, summary in _COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if name == named:
            importlib.import_module(f"truewheel.cli.{name.replace('-', '_')}_command").add_arguments(command)
    options, left = parser.parse_known_args(argv)
    _take_scattered(parser, options, left)
    return options


def _take_scattered(
    parser: argparse.ArgumentParser, options: argparse.Namespace, left: Sequence[str]
) -> None:
    """Give the command the arguments behind a later option, which argparse leaves over: ``files a -l b``.

    A command says by ``scattered`` which of its lists takes them, and as what.
    """
    name, kind = getattr(options, "scattered", ("", str))
    if left and (not name or any(word.startswith("-") for word in left)):
        parser.error(f"unrecognized arguments: {' '.join(left)}")
    if left:
        setattr(options, name, [*getattr(options, name), *map(kind, left)])


def _drop_output() -> int:
    """Leave nothing for the interpreter to flush at its end, which would change the exit status."""
    if sys.stdout is not None:
        with contextlib.suppress(OSError, ValueError):  # a test runner's stream has no number
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 2


def _name_files_in_utf8() -> None:
    """Start over in UTF-8 mode where the locale would have other bytes for a file name (PEP 540)."""
    if sys.getfilesystemencoding() != "utf-8":
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606


def _terminated(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
