"""Print docs/rules.md from the table of rules: ``python docs/rules_page.py > docs/rules.md``."""

import textwrap

from truewheel.rules import Severity
from truewheel.rules.table import RULES

HEAD = """# Rules

Each rule has a name, which ends the line of an error in brackets:

```
truewheel: error: demo-1.0-py3-none-any.whl: demo/__init__.py: has 9 bytes, RECORD says 7 \
(the wheel was changed after it was built) [size-mismatch]
```

A rule of wheels refuses the wheel, exit status 1, and nothing is written, unless it is marked here. A \
*warning* is one line on standard error and an entry of `warnings` in the report. A rule *refused unless \
allowed* becomes a warning by `--allow RULE`, which may be repeated, or by the key `allow` of the \
[scheme](schemes.md).

| what | becomes |
|---|---|
| tags in WHEEL that are not the file name's; an empty, missing or malformed `Tag` | a warning; the file \
name counts, and must fit |
| `.` components, padded or hexadecimal hashes in RECORD, if the hashes are right | a warning |
| a script and an entry point of one name | a warning in fedora, opensuse and generic, where the entry point \
is installed; refused in debian |
| symbolic links to files of the wheel | refused unless allowed; copies of these files then |
| links that lead elsewhere; wrong hashes and sizes, RECORD's own too; missing rows; names that climb out \
| refused |
"""

SEVERITIES = {
    Severity.ERROR: "",
    Severity.CHOICE: "*Refused unless allowed.* ",
    Severity.WARNING: "*Warning.* ",
}

FAMILIES = {
    "wheel": "Rules of wheels, checked before the first write.",
    "install": "Rules of a wheel on the system it is installed on.",
    "bytecode": "Rules of bytecode in trees, packages and images, which `truewheel verify` holds.",
    "metadata": "Rules of the metadata of installed projects, which `truewheel verify` holds.",
    "scripts": "Rules of scripts, which `truewheel verify` holds.",
    "files": "Rules of all files in trees, packages and images, which `truewheel verify` holds.",
}


def page() -> str:
    """Return the rules as Markdown, a section for each family, in the order of the table."""
    lines = [HEAD]
    for family, purpose in FAMILIES.items():
        lines.append(f"## {family}\n\n{purpose}\n")
        for rule in RULES.values():
            if rule.family == family:
                hint = f"{rule.hint[0].upper()}{rule.hint[1:]}."
                said = f"{SEVERITIES[rule.severity]}{rule.text} {rule.why} {hint}"
                text = textwrap.fill(said, 110, break_on_hyphens=False)
                lines.append(f"### {rule.name}\n\n{text}\n")
    return "\n".join(lines)


if __name__ == "__main__":
    print(page(), end="")
