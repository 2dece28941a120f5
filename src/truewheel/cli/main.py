"""Parse the command line, run one command, and turn errors into one line and an exit status."""

from __future__ import annotations

import argparse
import gc
import importlib
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from truewheel import __version__
from truewheel.cli.console import complain, drop, hold_streams
from truewheel.cli.parser import Parser
from truewheel.errors import TruewheelError
from truewheel.process import ENDING_SIGNALS, signal_name

_ended_by: list[int] = []
_UNKNOWN = "the root is complete or as it was"


class _Ended(KeyboardInterrupt):
    """A signal; Python itself would end by SIGINT over a plain KeyboardInterrupt that went through exec."""


_COMMANDS = {
    "wheel": "build a wheel without isolation and without a network",
    "install": "install wheels into a root and byte-compile them",
    "compile": "byte-compile sources that are already below a root",
    "requires": "print a project's build or run-time dependencies as RPM requirements",
    "provides": "print what installed projects provide as RPM capabilities",
    "inject-sbom": "tell in wheels which rpm package they are from",
    "fix-shebang": "set the first line of Python scripts",
    "python": "show what decides an install for a target Python",
    "schemes": "list the shipped schemes, or print a scheme as a file",
    "files": "print the installed files as a list for an RPM spec",
    "check": "tell which requirements of installed projects are not met in a root",
    "check-import": "import installed modules from the root",
    "normalize": "make an existing tree reproducible",
    "verify": "say what is wrong with trees, packages, images and wheels",
    "explain": "print the rules, why each is there and what to do",
    "diff": "say why two trees, packages, wheels or pycs differ",
    "debhelper": "run a step of debhelper's truewheel build system",
    "flavor": "run a step of openSUSE's macros for an interpreter flavor",
}


def run() -> None:
    """Run the words of this process's command line; exits with the command's status."""
    hold_streams()
    gc.disable()  # a run leaves few cycles, and to look for them among all that it plans takes time
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str]) -> int:
    """Run a command line and return its exit status.

    0: done and complete, 1: findings or refused input, 2: usage or trouble.
    """
    _take_signals()
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
    except KeyboardInterrupt as error:
        number = _ended_by[0] if _ended_by else signal.SIGINT
        complain("error", f"ended by {signal_name(number)}; {str(error) or _UNKNOWN}")
        return 128 + number
    except BrokenPipeError:
        drop(sys.stdout)
        return 2
    except (OSError, MemoryError, RecursionError) as error:
        complain("error", _trouble(error))
        drop(sys.stdout)
        return 2
    except Exception:  # a defect of ours: show all of it, and never exit 1, which means refused input
        import traceback

        traceback.print_exc()
        return 2


def _trouble(error: Exception) -> str:
    if isinstance(error, RecursionError):  # os.walk and pathlib go as deep as the paths that they are given
        return "a path below the root has too many directories for this Python"
    return str(error) or type(error).__name__


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
        prog="truewheel",
        description="Put Python wheels into buildroots so that every byte is a function of the inputs.",
        epilog="Exit status: 0 done and complete, 1 findings or refused input, 2 usage or trouble.",
    )
    parser.add_argument("--version", action="version", version=f"truewheel {__version__}")
    # without a prog, argparse formats the usage for it
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", prog="truewheel")
    named = next((word for word in argv if word in _COMMANDS), None)
    needed = {named: _COMMANDS[named]} if argv and argv[0] == named else _COMMANDS
    for name, summary in needed.items():
        command = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if name == named:
            importlib.import_module(f"truewheel.cli.{name.replace('-', '_')}_command").add_arguments(command)
    return parser.parse_args(argv)


def _take_signals() -> None:
    """Let each signal that would end the process raise KeyboardInterrupt, but for those that are ignored."""
    _ended_by.clear()
    for number in ENDING_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    if not _ended_by:  # a second signal must not interrupt what the first one began
        _ended_by.append(number)
        raise _Ended
