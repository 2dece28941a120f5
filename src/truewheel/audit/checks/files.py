"""Check files: build paths, dates, modes, owners, names; and packages against one another."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from truewheel.audit.model import Facts, Finding, Observed
from truewheel.bytecode.pycs import source_path
from truewheel.package.model import MemberKind, TargetKind

_SHADOWING = frozenset(
    ("test", "tests", "testing", "doc", "docs", "example", "examples", "sample", "samples", "benchmark")
)
_SHADOWING_MODULES = frozenset(("conftest.py", "setup.py", *(f"{name}.py" for name in _SHADOWING)))
# where a package may have Python files beside its prefix
_SYSTEM = ("etc/", "var/", "usr/", "opt/", "srv/", "lib/", "bin/", "sbin/", "run/", "boot/")


def check_files(facts: Facts) -> Iterator[Finding]:
    """Yield what is wrong with the files of a target."""
    yield from _names(facts)
    for file in facts.files.unpacked():
        yield from _traces(facts, file)
    yield from _prefix(facts)
    for file in (file for site in facts.sites for file in facts.doubtful(site)):
        yield from check_file(facts, file)


def check_file(facts: Facts, file: Observed) -> Iterator[Finding]:
    """Yield what is wrong with a file of a site by itself."""
    yield from _date(facts, file)
    yield from _mode(facts, file)
    yield from _owner(facts, file)


def _traces(facts: Facts, file: Observed) -> Iterator[Finding]:
    """Yield the paths of the build in a file, but those that its source has as well."""
    if file.pyc is not None and file.pyc.names:
        return  # said already
    source = facts.followed(source_path(file.path)) if file.pyc is not None else None
    known = {needle for needle, _ in source.traces} if source is not None else set()
    for needle, around in file.traces:
        named = needle in facts.build_paths
        if needle not in known and (named or file.pyc or file.is_elf or not file.path.endswith(".py")):
            yield Finding("build-path", facts.final(file.path), f"holds {around}")
            return


def _date(facts: Facts, file: Observed) -> Iterator[Finding]:
    late = facts.epoch is not None and file.mtime > facts.epoch
    if late and file.path.endswith(".py"):
        message = f"is of {file.mtime}, SOURCE_DATE_EPOCH is {facts.epoch} (seconds since 1970)"
        yield Finding("later-than-epoch", facts.final(file.path), message)


def _mode(facts: Facts, file: Observed) -> Iterator[Finding]:
    if file.kind is MemberKind.FILE and file.mode & 0o6000:
        yield Finding("setuid-file", facts.final(file.path), f"has the mode {file.mode:04o}")
    elif facts.scheme is not None and file.kind in (MemberKind.FILE, MemberKind.DIRECTORY):
        directory = file.kind is MemberKind.DIRECTORY
        wanted = (facts.scheme.file_mode, facts.scheme.executable_mode)
        if file.mode not in ((facts.scheme.directory_mode,) if directory else wanted):
            message = f"has the mode {file.mode:04o}, the scheme {facts.scheme.name} has {wanted[0]:04o}"
            if directory:
                message = f"has the mode {file.mode:04o}, the scheme has {facts.scheme.directory_mode:04o}"
            yield Finding("wrong-mode", facts.final(file.path), message)


def _owner(facts: Facts, file: Observed) -> Iterator[Finding]:
    """Check who owns a file where the target says so: trees have the owner of the build."""
    if facts.target.kind in (TargetKind.RPM, TargetKind.DEB) and (file.uid or file.gid):
        yield Finding("wrong-owner", facts.final(file.path), "does not belong to root")


def _prefix(facts: Facts) -> Iterator[Finding]:
    """Check where Python files lie in what will be a system."""
    if facts.scheme is None or facts.target.base != "/" or facts.target.root == "/":
        return
    prefix = facts.scheme.prefix.strip("/")
    right = (*_SYSTEM, *([f"{prefix}/"] if prefix else [""]))
    for path in (each for each in facts.files if each.endswith((".py", ".pyc", ".dist-info/METADATA"))):
        local = prefix and path.startswith("usr/local/") and not prefix.startswith("usr/local")
        if (local or not path.startswith(right)) and facts.files[path].kind is MemberKind.FILE:
            message = f"is a Python file outside of the prefix {facts.scheme.prefix}"
            yield Finding("outside-prefix", facts.final(path), message)


def _names(facts: Facts) -> Iterator[Finding]:
    for site in facts.sites:
        below = len(site.path) + 1 if site.path else 0
        parts = {tuple(path[below:].split("/")[:2]) for path in facts.within(site)}
        directories = {each[0] for each in parts if len(each) > 1 and each[1].endswith(".py")}
        modules = {each[0] for each in parts if len(each) == 1}
        for name in sorted((directories & _SHADOWING) | (modules & _SHADOWING_MODULES)):
            final = facts.final(posixpath.join(site.path, name))
            yield Finding("shadowing-name", final, "is a name that many projects use")


def check_shared(targets: Sequence[Facts]) -> Iterator[tuple[Facts, Finding]]:
    """Yield the paths that packages given together have with different files."""
    owners: dict[str, tuple[Facts, Observed]] = {}
    for facts in targets:
        if facts.target.package is None:
            continue
        for path in facts.files:
            file = facts.files[path]
            if file.kind not in (MemberKind.FILE, MemberKind.LINK):
                continue
            other, same = owners.setdefault(path, (facts, file))
            package, mine = other.target.package, facts.target.package
            if package is None or package.name == mine.name or not _conflict(facts, file, same):
                continue
            yield facts, Finding("shared-by-packages", facts.final(path), f"is in {package.name} as well")


def _conflict(facts: Facts, file: Observed, other: Observed) -> bool:
    """Whether two packages cannot both have a file: dpkg refuses even equal ones."""
    if facts.target.kind is TargetKind.DEB:
        return True
    return (file.kind, file.sha256, file.target, file.mode) != (
        other.kind,
        other.sha256,
        other.target,
        other.mode,
    )
