"""The rules of files in trees and packages: paths, modes, owners, dates."""

from __future__ import annotations

from truewheel.rules.model import Rule, Severity


def _file(name: str, text: str, why: str, hint: str, severity: Severity = Severity.ERROR) -> Rule:
    return Rule(name, "files", severity, text, hint, why)


TABLE = (
    _file(
        "build-path",
        "A file holds a path of the build.",
        "The package differs with the directory it is built in, and shows where that was.",
        "map the path away, as by -ffile-prefix-map, or build with the final path",
    ),
    _file(
        "later-than-epoch",
        "A source has a date later than SOURCE_DATE_EPOCH.",
        "The date is that of the build, and differs with each.",
        "clamp dates to SOURCE_DATE_EPOCH",
        Severity.WARNING,
    ),
    _file(
        "wrong-mode",
        "The mode of a file or directory is not the one of the scheme.",
        "It depends on the umask or the file system of the build, or lets others write.",
        "set the mode that the scheme has",
        Severity.WARNING,
    ),
    _file(
        "wrong-owner",
        "A module or its metadata does not belong to root.",
        "Whoever owns it can change what root imports; the owner may be the user of the build host.",
        "pack the files as root's",
    ),
    _file(
        "setuid-file",
        "A module or its metadata has the setuid or setgid bit.",
        "No import needs it, and who runs the file gets the rights of its owner.",
        "remove the bit",
    ),
    _file(
        "outside-prefix",
        "Python files lie outside of the prefix.",
        "The package takes a place that belongs to the administrator, to users, or to the build.",
        "install with the prefix of the distribution",
    ),
    _file(
        "shadowing-name",
        "A module at the top level has a name that many projects use for tests, docs or examples.",
        "It is imported in place of another project's, and two such packages conflict.",
        "leave it out of the wheel",
        Severity.WARNING,
    ),
    _file(
        "shared-by-packages",
        "Two of the packages have one path with different files.",
        "Only one of them can be installed.",
        "leave the file out of one of them",
    ),
)
