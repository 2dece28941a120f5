"""The rules of scripts: their first lines, and what the package must depend on for them."""

from __future__ import annotations

from truewheel.rules.model import Rule, Severity


def _script(name: str, text: str, why: str, hint: str, severity: Severity = Severity.ERROR) -> Rule:
    return Rule(name, "scripts", severity, text, hint, why)


TABLE = (
    _script(
        "shebang-build-path",
        "A script starts with an interpreter that lies in a directory of the build.",
        "The script cannot start on another machine.",
        "set the first line, as truewheel fix-shebang does",
    ),
    _script(
        "shebang-env",
        "A script of a distribution has its Python looked up by env.",
        "It runs in whatever Python comes first on the user's PATH, without the package's modules.",
        "name the Python, as truewheel fix-shebang does",
        Severity.WARNING,
    ),
    _script(
        "missing-python-dependency",
        "A script starts with a Python that its package does not depend on.",
        "The package can be installed where the script cannot start.",
        "add the Python to the dependencies",
    ),
)
