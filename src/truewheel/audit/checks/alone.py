"""Check files by themselves, as soon as their directory is read: most of them need no second look."""

from __future__ import annotations

from truewheel.audit.checks.bytecode import check_levels, check_pyc
from truewheel.audit.checks.files import check_file
from truewheel.audit.model import Bytecode, Facts, Observed
from truewheel.bytecode.pycs import source_path


def approve(facts: Facts) -> None:
    """Approve the files of some directories, all that the facts have, that nothing is wrong with."""
    unlike = {source_path(finding.path) for finding in check_levels(facts)}
    for file in (file for directory in facts.files.directories() for file in facts.files.doubtful(directory)):
        if any(check_file(facts, file)):
            continue
        if file.pyc is None or (
            source_path(facts.final(file.path)) not in unlike and _is_right(facts, file, file.pyc)
        ):
            facts.files.approve(file.path)


def _is_right(facts: Facts, file: Observed, pyc: Bytecode) -> bool:
    """Whether all is known that a pyc is checked against, and nothing is wrong with it."""
    source = facts.files.get(source_path(file.path)) if pyc.source_hash else None
    is_hashed = source is None or not source.sha256 or (source.sha256, pyc.magic) in facts.hashes
    # another co_filename is right where it leads to the source, by links that may lie anywhere
    return is_hashed and not pyc.names and not any(check_pyc(facts, file, pyc))
