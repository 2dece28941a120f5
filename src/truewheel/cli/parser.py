"""The parser of the command line: arguments in any order, no empty paths, errors with the command's usage."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


def path_text(text: str) -> str:
    """Take a path, or the name of a program or scheme; an empty one would mean the working directory."""
    if not text:
        raise argparse.ArgumentTypeError("an empty path")
    return text


def any_path(text: str) -> Path:
    """Take the path of a file or a directory."""
    from pathlib import Path  # rpm calls commands without one for each package, and this is slow to import

    return Path(path_text(text))


def prefix_text(text: str) -> str:
    """Take a final prefix, a slash at its end left out."""
    return path_text(text).rstrip("/") or "/"


def flags_text(text: str) -> str:
    """Take the flags of a Python in a first line, without a dash; may be empty."""
    if not re.fullmatch("[A-Za-z]*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not letters such as sP")
    return text


def glob_text(text: str) -> str:
    """Take a glob of paths, of more than slashes."""
    if not text.strip("/"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a glob such as tests or demo/docs")
    return text


def shebang_path(text: str) -> str:
    """Take the path of a Python for a first line, without flags, or ``/usr/bin/env NAME``."""
    if re.search(r"[^\S ]|\0| -| $", path_text(text)):
        raise argparse.ArgumentTypeError(f"{text!r} has white space, which ends a path in a first line")
    return text


def wheel_path(text: str) -> Path:
    """Take the path of a wheel or a directory; raises ArgumentTypeError for what pip would take beside it."""
    if "://" in text and re.search(r"(^|@ *)[A-Za-z][A-Za-z0-9+.-]*://", text):
        raise argparse.ArgumentTypeError(
            f"{text} is a URL; download it first: pip download --no-deps '{text}'"
        )
    path = any_path(text)
    may_be_archive = ".tar" in text or not text.endswith(".whl")
    if may_be_archive and re.search(r"\.(zip|tgz|tar(\.\w+)?)$", text) and not path.is_dir():
        raise argparse.ArgumentTypeError(
            f"{text} is an sdist or another archive; unpack it and build a wheel: truewheel wheel SRC"
        )
    if not _is_path(text, path) and re.fullmatch(r"[A-Za-z0-9][\w.-]*(\[.*\])?( *[=<>!~].*)?", text):
        raise argparse.ArgumentTypeError(
            f"{text} is no file here; where a project is meant, download it first: "
            f"pip download --no-deps '{text}'"
        )
    return path


def _is_path(text: str, path: Path) -> bool:
    return text.endswith(".whl") or path.exists()


# no catalogue has argparse's words; it would look for one on the disk for each of them
argparse._ = str  # type: ignore[attr-defined]


class Formatter(argparse.HelpFormatter):
    """Asks for the width of the terminal where something is printed; argparse makes one for each argument."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=80)

    def format_help(self) -> str:
        """Format what was added."""
        import shutil

        self._width = shutil.get_terminal_size().columns - 2
        self._max_help_position = min(24, max(self._width - 20, 4))
        return super().format_help()


class RawFormatter(Formatter, argparse.RawDescriptionHelpFormatter):
    """Leaves the lines of descriptions as they are."""


class Parser(argparse.ArgumentParser):
    """Parses a command and what argparse leaves over of it: the ``b`` of ``files a -l b``.

    A command names by ``scattered`` the list that such words are added to, and their type.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": Formatter, **options, "allow_abbrev": False})

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse; a word that no command takes is an error of the innermost command, ahead of all others."""
        self._refuse_unknown(sys.argv[1:] if args is None else args)
        options, left = super().parse_known_args(args, namespace)
        name, kind = getattr(options, "scattered", ("", str))
        if left and (not name or any(word.startswith("-") for word in left)):
            self.error(f"unrecognized arguments: {' '.join(left)}")
        if left:
            try:
                setattr(options, name, [*getattr(options, name), *map(kind, left)])
            except argparse.ArgumentTypeError as error:
                self.error(str(error))
        return options, []

    def _refuse_unknown(self, words: Sequence[str]) -> None:
        commands = (action.choices or () for action in self._actions if action.nargs == argparse.PARSER)
        ends = {"--", *(name for names in commands for name in names)}
        for word in words:
            if word in ends:
                return
            if self._is_unknown(word):
                meant = _meant(word.partition("=")[0], self._option_string_actions)
                self.error(f"unrecognized arguments: {word}{meant}")

    def _is_unknown(self, word: str) -> bool:
        """Whether argparse takes a word for an option, and has none of its name or, of ``-ab``, of ``-a``."""
        is_option = word.startswith("-") and word != "-" and " " not in word
        known = (word.partition("=")[0], word if word.startswith("--") else word[:2])
        is_known = any(name in self._option_string_actions for name in known)
        return is_option and not is_known and not re.fullmatch(r"-\d+|-\d*\.\d+", word)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        names = _names(action)
        if action.nargs == argparse.PARSER:
            meant = _meant(value, names) or f" (one of {', '.join(names)})"
            raise argparse.ArgumentError(None, f"unknown command {value!r}{meant}")
        raise argparse.ArgumentError(
            action, f"invalid choice: {value!r}{_meant(value, names)}; choose from {', '.join(names)}"
        )


def _names(action: argparse.Action) -> list[str]:
    return list(map(str, action.choices or ()))


def _meant(word: str, names: Iterable[str]) -> str:
    import difflib  # not for command lines that are right

    bare = {name.lstrip("-"): name for name in names}
    near = difflib.get_close_matches(word.lstrip("-"), bare, n=1, cutoff=0.65)
    return f" (did you mean {bare[near[0]]}?)" if near else ""
