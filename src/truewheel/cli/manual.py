"""Write manual pages, in the macros of man(7): one for truewheel, one for each command."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from truewheel import __version__
from truewheel.cli.grammar import Argument, Command, commands
from truewheel.cli.main import _COMMANDS

_EXIT = r"""
.SH EXIT STATUS
.TP
.B 0
Done and complete.
.TP
.B 1
Findings or refused input; a refused input changes nothing on disk.
.TP
.B 2
Usage or trouble.
"""
_ENVIRONMENT = r"""
.SH ENVIRONMENT
.TP
.B SOURCE_DATE_EPOCH
Seconds since the epoch: no file gets a later date, and one without a date gets this one.
.TP
.B NO_COLOR
Print no colours.
.TP
.B FORCE_COLOR
Print colours where no terminal is.
.TP
.B RPM_BUILD_NCPUS
.TQ
.B DEB_BUILD_OPTIONS
The number of workers where \-\-jobs is not given.
"""
_TOP = r"""
.SH SYNOPSIS
.B truewheel
.I COMMAND
[\fIoption\fR ...]
.SH DESCRIPTION
Puts Python wheels into buildroots so that every byte is a function of the inputs.
.SH OPTIONS
.TP
\fB\-h\fR, \fB\-\-help\fR
Print the commands.
.TP
\fB\-V\fR, \fB\-\-version\fR
Print the version.
.SH COMMANDS
"""


def manual_pages() -> dict[str, str]:
    """Return the pages of section 1 by file name."""
    pages = {"truewheel.1": _top()}
    for name, parts in groupby(commands(), lambda command: command.words[0]):
        pages[f"truewheel-{name}.1"] = _page(name, list(parts))
    return pages


def _top() -> str:
    about = "put Python wheels into distribution packages"
    listed = [f".TP\n.BR {_roff(f'truewheel-{name}')} (1)\n{_roff(text)}" for name, text in _COMMANDS.items()]
    also = ".BR truewheel\\-macros (7),\n.BR dh_truewheel (1)"
    return _joined(_head("truewheel", about), _TOP, "\n".join(listed), _EXIT, _ENVIRONMENT, _also(also))


def _page(name: str, parts: list[Command]) -> str:
    title = f"truewheel-{name}"
    synopses = "\n.br\n".join(map(_synopsis, parts))
    blocks = [_head(title, _COMMANDS[name]), f".SH SYNOPSIS\n{synopses}"]
    for command in parts:
        words = " ".join(command.words)
        heading = f".SH {_roff(words.upper())}" if command.words[1:] else ".SH DESCRIPTION"
        blocks += [heading, _roff(command.description), *map(_argument, command.arguments)]
    return _joined(*blocks, _EXIT, _also(".BR truewheel (1)"))


def _head(title: str, about: str) -> str:
    # no date: a page is a function of the version alone
    heading = f'.TH {_roff(title.upper())} 1 "" "truewheel {_roff(__version__)}" "truewheel"'
    return f"{heading}\n.SH NAME\n{_roff(title)} \\- {_roff(about)}"


def _also(pages: str) -> str:
    return f".SH SEE ALSO\n{pages}\n"


def _synopsis(command: Command) -> str:
    words = " ".join(("truewheel", *command.words))
    needed = [argument for argument in command.options if argument.required]
    parts = [f"\\fB{_roff(words)}\\fR", "[\\fIoption\\fR ...]"]
    parts += [f"\\fB{_roff(each.names[-1])}\\fR \\fI{_roff(each.value)}\\fR" for each in needed]
    for each in command.positionals:
        text = f"\\fI{_roff(each.value)}\\fR{' ...' if each.repeatable else ''}"
        parts.append(text if each.required else f"[{text}]")
    return " ".join(parts)


def _argument(argument: Argument) -> str:
    value = f" \\fI{_roff(argument.value)}\\fR" if argument.value else ""
    names = ", ".join(f"\\fB{_roff(name)}\\fR" for name in argument.names)
    return f".TP\n{names}{value if names else value[1:]}\n{_roff(_ended(argument.help))}"


def _ended(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _joined(*blocks: str) -> str:
    return "\n".join(block.strip("\n") for block in blocks) + "\n"


def _roff(text: str) -> str:
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return f"\\&{escaped}" if escaped.startswith(".") else escaped


def reference() -> Iterator[str]:
    """Yield the lines of the reference of the command line, in Markdown."""
    for command in commands():
        yield f"## truewheel {' '.join(command.words)}\n"
        yield f"{command.description}\n"
        yield "| argument | meaning |\n|---|---|"
        for argument in command.arguments:
            names = ", ".join(f"`{name}`" for name in argument.names)
            value = f"`{argument.value}`".replace("|", "\\|") if argument.value else ""
            more = ", required" * argument.required + ", repeatable" * argument.repeatable
            text = _ended(argument.help).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
            yield f"| {f'{names} {value}'.strip()}{more} | {text} |"
        yield ""
