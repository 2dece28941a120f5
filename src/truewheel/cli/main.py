"""Parse the command line, run one command, and turn errors into one line and an exit status."""

from __future__ import annotations

import argparse
import gc
import importlib
import signal
import sys
from collections.abc import Iterable, Sequence
from types import FrameType, ModuleType

from truewheel import __version__
from truewheel.cli.console import complain, drop, hold_streams
from truewheel.cli.parser import Parser, RawFormatter
from truewheel.errors import TruewheelError
from truewheel.process import ENDING_SIGNALS, signal_name

_ended_by: list[int] = []
_UNKNOWN = "the root is complete or as it was"


class _Ended(KeyboardInterrupt):
    """A signal; Python itself would end by SIGINT over a plain KeyboardInterrupt that went through exec."""


# in the order of the README
_COMMANDS = {
    "install": "install wheels into a root and byte-compile them",
    "compile": "byte-compile sources that are already below a root",
    "wheel": "build a wheel without isolation and without a network",
    "files": "print the installed files as a list for an RPM spec",
    "check": "tell which requirements of installed projects are not met in a root",
    "check-import": "import installed modules from the root",
    "requires": "print a project's build or run-time dependencies as RPM requirements",
    "provides": "print what installed projects provide as RPM capabilities",
    "inject-sbom": "tell in wheels which rpm package they are from",
    "fix-shebang": "set the first line of Python scripts",
    "verify": "say what is wrong with trees, packages, images and wheels",
    "explain": "print the rules, why each is there and what to do",
    "diff": "say why two trees, packages, wheels or pycs differ",
    "normalize": "make an existing tree reproducible",
    "python": "show what decides an install for a target Python",
    "schemes": "list the shipped schemes, or print a scheme as a file",
    "support-files": "place the files that rpm, debhelper, man and shells look for",
    "help": "show the help of a command",
    "debhelper": "run a step of debhelper's truewheel build system",
    "flavor": "run a step of openSUSE's macros for an interpreter flavor",
}
# run by build systems; they change with those
_PLUMBING = ("debhelper", "flavor")
_EPILOG = "Exit status: 0 done and complete, 1 findings or refused input, 2 usage or trouble."


def run() -> None:
    """Run the words of this process's command line; exits with the command's status."""
    hold_streams()
    status = main(sys.argv[1:])
    gc.freeze()  # Python would look for cycles once more before it ends
    sys.exit(status)


def main(argv: Sequence[str]) -> int:
    """Run a command line and return its exit status.

    0: done and complete, 1: findings or refused input, 2: usage or trouble.
    """
    _take_signals()
    try:
        options = _parse(argv)
        status = int(_module(options.command).run(options))
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
    if argv[:1] == ["help"] and not any(word.startswith("-") for word in argv):
        argv = [*argv[1:], "--help"]
    named = next((word for word in argv if word in _COMMANDS), "")
    try:
        return command_parser([named], [named] if argv[:1] == [named] else _COMMANDS).parse_args(argv)
    except SystemExit:
        if sys.stdout is not None:
            sys.stdout.flush()  # help into a pipe that nobody reads
        raise


def command_parser(named: Iterable[str] = _COMMANDS, offered: Iterable[str] = _COMMANDS) -> Parser:
    """Return the parser of the ``offered`` commands, with the arguments of the ``named`` ones."""
    parser = Parser(
        prog="truewheel",
        description="Put Python wheels into buildroots so that every byte is a function of the inputs.",
        formatter_class=RawFormatter,
        epilog=f"{_listing()}\n\n{_EPILOG}",
    )
    parser.add_argument("--version", "-V", action="version", version=f"truewheel {__version__}")
    commands = parser.add_subparsers(
        dest="command",
        required=True,
        metavar="COMMAND",
        prog="truewheel",  # without it, argparse formats the usage for it
        help="one of the commands below; each has --help",
    )
    for name in offered:
        summary = _COMMANDS[name]
        command = commands.add_parser(name, description=f"{summary[0].upper()}{summary[1:]}.")
        if name in named:
            _module(name).add_arguments(command)
    return parser


def _listing() -> str:
    groups: dict[str, list[str]] = {"commands:": [], "plumbing, for build systems:": []}
    for name, summary in _COMMANDS.items():
        groups[list(groups)[name in _PLUMBING]].append(f"  {name:15}{summary}")
    return "\n\n".join("\n".join([title, *lines]) for title, lines in groups.items())


def _module(command: str) -> ModuleType:
    return importlib.import_module(f"truewheel.cli.{command.replace('-', '_')}_command")


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
