"""``truewheel support-files``: place the files that other programs look for."""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Iterator

from truewheel.buildroot.delivery import state_of
from truewheel.buildroot.transaction import Buildroot
from truewheel.buildroot.tree import look
from truewheel.cli.completion import COMPLETIONS, completions
from truewheel.cli.console import tell
from truewheel.cli.manual import manual_pages
from truewheel.cli.parser import any_path
from truewheel.environment import source_date_epoch
from truewheel.errors import UsageError
from truewheel.model import ZIP_ZERO_DATE, File, Kind, State
from truewheel.support_files import KINDS, SupportFile, support_files

_ALL = (*KINDS, "manual", "completion")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "directory", type=any_path, metavar="DIR", help="prefix to place them below, such as /usr/local"
    )
    parser.add_argument(
        "--for",
        dest="kinds",
        action="append",
        choices=_ALL,
        metavar="KIND",
        help=f"only those for {', '.join(_ALL)}; repeatable (default: all)",
    )
    parser.add_argument("--quiet", "-q", action="store_true", help="print only errors")


def run(options: argparse.Namespace) -> int:
    """Place the files, replacing others of their names; prints the path of each."""
    files = [file for kind in dict.fromkeys(options.kinds or _ALL) for file in _of_kind(kind)]
    epoch = source_date_epoch(os.environ)
    date = ZIP_ZERO_DATE if epoch is None else epoch
    with Buildroot(options.directory, 0o755, epoch) as buildroot:
        planned = [_planned(file, date) for file in files]
        found = look(options.directory, [file.final for file, _ in planned])
        for file, content in planned:
            state = state_of(file, found)
            if state is State.CREATED:
                buildroot.create(file.final, (content,), file.mode, file.mtime)
            elif state is State.REPLACED:
                buildroot.replace(file.final, (content,), file.mode, file.mtime)
        buildroot.commit()
    if not options.quiet:
        tell(str(options.directory / file.place) for file in files)
    return 0


def _of_kind(kind: str) -> Iterator[SupportFile]:
    if kind == "manual":
        for name, text in manual_pages().items():
            yield SupportFile(f"share/man/man1/{name}", text.encode(), False)
    elif kind == "completion":
        for shell, text in completions().items():
            yield SupportFile(COMPLETIONS[shell], text.encode(), False)
    else:
        files = list(support_files(kind))
        if not files:  # packages of distributions have placed them
            raise UsageError(
                "are not with this truewheel", subject=f"files for {kind}", hint="install it from its wheel"
            )
        yield from files


def _planned(file: SupportFile, date: int) -> tuple[File, bytes]:
    mode = 0o755 if file.executable else 0o644
    digest = hashlib.sha256(file.content).hexdigest()
    planned = File(f"/{file.place}", Kind.DATA, mode, date, len(file.content), digest, "")
    return planned, file.content
