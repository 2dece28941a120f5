"""The parser of the command line: arguments in any order, no empty paths, errors with the command's usage."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def path_text(text: str) -> str:
    """Take a path, or the name of a program or scheme; an empty one would mean the working directory."""
    if not text:
        raise argparse.ArgumentTypeError("an empty path")
    return text


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
    """Take the path of a wheel or a directory; raises ArgumentTypeError for a URL."""
    if re.search(r"(^|@ *)[A-Za-z][A-Za-z0-9+.-]*://", text):
        raise argparse.ArgumentTypeError(
            f"{text} is a URL; download it first: pip download --no-deps '{text}'"
        )
    return Path(path_text(text))


class Parser(argparse.ArgumentParser):
    """Parses a command and what argparse leaves over of it: the ``b`` of ``files a -l b``.

    A command names by ``scattered`` the list that such words are added to, and their type.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.register("type", Path, lambda text: Path(path_text(text)))

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse; a word that no command takes is an error of the innermost command."""
        options, left = super().parse_known_args(args, namespace)
        name, kind = getattr(options, "scattered", ("", str))
        if left and (not name or any(word.startswith("-") for word in left)):
            self.error(f"unrecognized arguments: {' '.join(left)}")
        if left:
            read = self._registry_get("type", kind, kind)
            try:
                setattr(options, name, [*getattr(options, name), *map(read, left)])
            except argparse.ArgumentTypeError as error:
                self.error(str(error))
        return options, []
