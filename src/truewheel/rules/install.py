"""The rules of a wheel on the system it is installed on."""

from __future__ import annotations

from truewheel.rules.model import Rule, Severity


def _install(name: str, text: str, why: str, hint: str, severity: Severity = Severity.ERROR) -> Rule:
    return Rule(name, "install", severity, text, hint, why)


TABLE = (
    _install(
        "unfitting-tags",
        "None of the wheel's tags is one that the target Python supports.",
        "The modules cannot be imported there.",
        "build the wheel for this Python",
    ),
    _install(
        "program-of-target",
        "A file of the wheel takes the place of the target Python, of env or of sh.",
        "Scripts start with these programs.",
        "rename the script or the entry point",
    ),
    _install(
        "requires-python",
        "The target Python is not one that the wheel's Requires-Python admits.",
        "The modules may not compile there, or fail when they run. An invalid specifier is a warning.",
        "choose another Python or another version, or give --ignore-requires-python",
    ),
    _install(
        "dead-first-line",
        "A script starts with an interpreter that lies outside the directories of programs.",
        "The line is of the machine where the wheel was built, and the script cannot start elsewhere.",
        "build the wheel with #!python in its scripts",
        Severity.WARNING,
    ),
    _install(
        "stray-top-level",
        "Tests, docs, a licence or another file of the source tree goes to the top of site-packages.",
        "Such names are no modules of the project, and other projects have them too: the second one that is "
        "installed is refused or replaces files of the first.",
        "leave it out of the wheel, or give --exclude",
        Severity.WARNING,
    ),
    _install(
        "not-on-path",
        "Modules go to a directory that is not on sys.path of the target Python.",
        "They are there and cannot be imported.",
        "leave out --scheme and --prefix, which gives the target's own directory, or name the directory in "
        "PYTHONPATH or in a .pth file",
        Severity.WARNING,
    ),
    _install(
        "long-pyc-name",
        "The name of a pyc would be longer than 255 bytes.",
        "No file system of Linux has room for it; the source is installed without it.",
        "choose a shorter name for the module",
        Severity.WARNING,
    ),
    _install(
        "shared-path",
        "Two wheels have different files of one path, and --overwrite is given.",
        "The file of the wheel that is named last is installed; without --overwrite they are refused.",
        "leave the file out of one of them",
        Severity.WARNING,
    ),
    _install(
        "changed-wheel",
        "The file changed between the check and the install.",
        "What would be installed is not what was checked.",
        "the wheel was changed while it was in use: run again",
    ),
)
