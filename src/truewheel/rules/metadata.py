"""The rules of the metadata of installed projects, RECORD first."""

from __future__ import annotations

from truewheel.rules.model import Rule, Severity


def _metadata(name: str, text: str, why: str, hint: str, severity: Severity = Severity.ERROR) -> Rule:
    return Rule(name, "metadata", severity, text, hint, why)


def _left(name: str, text: str, why: str) -> Rule:
    return _metadata(name, text, why, "remove it", Severity.WARNING)


TABLE = (
    _metadata(
        "absent-record",
        "An installed project has no RECORD though the scheme wants one.",
        "The install was not completed, or pip cannot tell the project's files.",
        "install the wheel again",
    ),
    _left(
        "leftover-record",
        "An installed project has a RECORD though the scheme wants none.",
        "With it, pip would uninstall files that the package manager owns.",
    ),
    _metadata(
        "unreadable-record",
        "RECORD is not UTF-8 or not CSV of three columns.",
        "Neither can pip uninstall the project, nor can importlib.metadata list its files.",
        "install the wheel again",
    ),
    _metadata(
        "unsorted-record",
        "The rows of RECORD are not sorted.",
        "Their order is that of the installer's work, and differs between builds.",
        "sort the rows, or install with truewheel",
        Severity.WARNING,
    ),
    _metadata(
        "wrong-record-hash",
        "The hash in RECORD is not that of the file.",
        "The file was changed after the install, by whoever that was.",
        "write the row anew, or restore the file",
    ),
    _metadata(
        "wrong-record-size",
        "The size in RECORD is not that of the file.",
        "The file was changed after the install, by whoever that was.",
        "write the row anew, or restore the file",
    ),
    _metadata(
        "unsafe-record-hash",
        "RECORD has hashes that are not base64 for URLs without padding.",
        "Readers that compare texts find another hash.",
        "write base64 with '-' and '_', and without '='",
        Severity.WARNING,
    ),
    _metadata(
        "ghost-record-row",
        "RECORD lists a file that is not there.",
        "The install is not complete, or a file was removed behind the back of the installer.",
        "remove the row, or install the wheel again",
        Severity.WARNING,
    ),
    _metadata(
        "unlisted-file",
        "A file in a project's directory is in no RECORD.",
        "Uninstalling leaves it behind.",
        "add a row for it, or remove it",
        Severity.WARNING,
    ),
    _metadata(
        "wrong-installer",
        "INSTALLER is not what the scheme writes.",
        "By it, pip takes the project for one that it may change.",
        "write INSTALLER as the distribution does",
        Severity.WARNING,
    ),
    _left(
        "leftover-direct-url",
        "direct_url.json is left from the install.",
        "It names a file of the build host, and makes pip freeze print that.",
    ),
    _left(
        "leftover-requested",
        "REQUESTED is left from the install though the scheme wants none.",
        "It says that a user asked pip for this project.",
    ),
    _left(
        "leftover-uv-cache",
        "uv_cache.json is left from the install.",
        "It holds a time in nanoseconds, so that no two builds are equal.",
    ),
    _left(
        "leftover-lock",
        "A lock file of an installer is left.",
        "It has no meaning after the install.",
    ),
)
