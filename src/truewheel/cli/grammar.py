"""The commands of the command line as values, for manual pages, completions and the reference."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from truewheel.cli.main import _COMMANDS, command_parser
from truewheel.dataclass import dataclass

_PATHS = ("FILE", "PATH", "PY", "SRC", "WHEEL", "TARGET")
SCHEME = "NAME|FILE.yaml"


@dataclass(frozen=True)
class Argument:
    """An option, or a positional argument, which has no ``names``.

    ``value`` is the name of its value, empty where it takes none; ``choices`` are all values it may have.
    """

    names: tuple[str, ...]
    value: str
    choices: tuple[str, ...]
    help: str
    required: bool
    repeatable: bool

    @property
    def kind(self) -> str:
        """What completes the value: ``scheme``, ``directory``, ``path``, or nothing."""
        if self.value == SCHEME:
            return "scheme"
        if self.value == "DIR":
            return "directory"
        return "path" if self.value in _PATHS else ""


@dataclass(frozen=True)
class Command:
    """A command or a part of one: ``words`` such as ``("requires", "build")``."""

    words: tuple[str, ...]
    description: str
    arguments: tuple[Argument, ...]

    @property
    def options(self) -> tuple[Argument, ...]:
        """The arguments that have names."""
        return tuple(argument for argument in self.arguments if argument.names)

    @property
    def positionals(self) -> tuple[Argument, ...]:
        """The arguments that have none."""
        return tuple(argument for argument in self.arguments if not argument.names)


def commands() -> tuple[Command, ...]:
    """Return every command in the order of the help; those with parts as their parts."""
    (top,) = _parts(command_parser())
    return tuple(
        Command(words, _sentence(about), tuple(_arguments(parser)))
        for name in _COMMANDS
        for words, about, parser in _leaves((name,), top.choices[name].description or "", top.choices[name])
    )


def _leaves(
    words: tuple[str, ...], about: str, parser: argparse.ArgumentParser
) -> Iterator[tuple[tuple[str, ...], str, argparse.ArgumentParser]]:
    parts = _parts(parser)
    if not parts:
        yield words, about, parser
    for part in parts:
        helps = {action.dest: action.help or "" for action in part._get_subactions()}
        for name, each in part.choices.items():
            text = each.description or f"{helps[name][:1].upper()}{helps[name][1:]}."
            yield from _leaves((*words, name), text, each)


def _parts(parser: argparse.ArgumentParser) -> list[argparse._SubParsersAction[argparse.ArgumentParser]]:
    return [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]


def _arguments(parser: argparse.ArgumentParser) -> Iterator[Argument]:
    for action in parser._actions:
        choices = tuple(map(str, action.choices or ()))
        value = "" if action.nargs == 0 else action.metavar or "|".join(choices) or action.dest.upper()
        yield Argument(
            names=tuple(sorted(action.option_strings, key=len)),
            value=str(value),
            choices=choices,
            help=_sentence((action.help or "").replace("%%", "%")),
            required=action.required,
            repeatable=action.nargs in ("*", "+") or (bool(value) and "Append" in type(action).__name__),
        )


def _sentence(text: str) -> str:
    return " ".join(text.split())
