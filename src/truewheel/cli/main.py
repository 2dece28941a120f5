"""Parse the command line, run one command, and turn errors into one line and an exit status."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType

from truewheel import __version__
from truewheel.cli.console import complain, drop
from truewheel.cli.parser import Parser
from truewheel.errors import TruewheelError

_COMMANDS = {
    "wheel": "build a wheel without isolation and without a network",
    "install": "install wheels into a root and byte-compile them",
    "compile": "byte-compile sources that are already below a root",
    "requires": "print a project's build or run-time dependencies as RPM requirements",
    "provides": "print what installed projects provide as RPM capabilities",
    "fix-shebang": "set the first line of Python scripts",
    "python": "show what decides an install for a target Python",
    "schemes": "list the shipped schemes, or print a scheme as a file",
    "files": "print the installed files as a list for an RPM spec",
    "check-import": "import installed modules from the root",
    "debhelper": "run a step of debhelper's truewheel build system",
    "flavor": "run a step of openSUSE's macros for an interpreter flavor",
}


def run() -> None:
    """Run the console script; exits with the command's status."""
    _name_files_in_utf8()
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str]) -> int:
    """Run a command line and return its exit status.

    0: done and complete, 1: findings or refused input, 2: usage or trouble.
    """
    signal.signal(signal.SIGTERM, _terminated)
    try:
        options = _parse(argv)
        command = importlib.import_module(f"truewheel.cli.{options.command.replace('-', '_')}_command")
        status = int(command.run(options))
        if sys.stdout is not None:
            sys.stdout.flush()  # a full disk must show here, not when Python ends
        return status
    except TruewheelError as error:
        complain("error", str(error))
        return error.exit_code
    except KeyboardInterrupt:
        complain("error", "interrupted; the root is complete or as it was")
        return 128 + signal.SIGINT
    except BrokenPipeError:
        drop(sys.stdout)
        return 2
    except (OSError, MemoryError) as error:
        complain("error", str(error) or type(error).__name__)
        drop(sys.stdout)
        return 2
    except Exception:  # a defect of ours: show all of it, and never exit 1, which means refused input
        traceback.print_exc()
        return 2


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
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
    return parser.parse_args(argv)


def _name_files_in_utf8() -> None:
    """Start again in UTF-8 mode where the locale has another encoding for file names (PEP 540)."""
    if sys.getfilesystemencoding() != "utf-8":
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606


def _terminated(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
