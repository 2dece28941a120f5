"""The parsers of the command line, for tests that go over all of their options."""

from __future__ import annotations

import argparse
import functools
import importlib
from collections.abc import Iterator

from truewheel.cli.main import _COMMANDS
from truewheel.cli.parser import Parser


@functools.cache
def parsers() -> dict[str, argparse.ArgumentParser]:
    """Each command, ``requires build`` and ``flavor wheel`` for those with parts, and its parser."""
    found: dict[str, argparse.ArgumentParser] = {}
    for name in _COMMANDS:
        parser = Parser(prog=f"truewheel {name}")
        importlib.import_module(f"truewheel.cli.{name.replace('-', '_')}_command").add_arguments(parser)
        parts = dict(_parts(parser))
        found |= {f"{name} {part}": each for part, each in parts.items()} or {name: parser}
    return found


def options_of(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """The options of a parser but for --help, by each of their names."""
    return {
        name: action
        for action in parser._actions
        for name in action.option_strings
        if not isinstance(action, argparse._HelpAction)
    }


def _parts(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()
