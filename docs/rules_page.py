"""Print docs/rules.md from the table of rules: ``python docs/rules_page.py > docs/rules.md``."""

import textwrap

from truewheel.rules import RULES

HEAD = """# Rules

Each rule has a name, which ends the line of an error in brackets:

```
truewheel: error: demo-1.0-py3-none-any.whl: demo/__init__.py: has 9 bytes, RECORD says 7 \
(the wheel was changed after it was built) [size-mismatch]
```
"""

FAMILIES = {
    "wheel": "Rules of wheels, checked before the first write.",
    "install": "Rules of a wheel on the system it is installed on.",
}


def page() -> str:
    """Return the rules as Markdown, a section for each family, in the order of the table."""
    lines = [HEAD]
    for family, purpose in FAMILIES.items():
        lines.append(f"## {family}\n\n{purpose}\n")
        for rule in RULES.values():
            if rule.family == family:
                hint = f"{rule.hint[0].upper()}{rule.hint[1:]}."
                text = textwrap.fill(f"{rule.text} {rule.why} {hint}", 110, break_on_hyphens=False)
                lines.append(f"### {rule.name}\n\n{text}\n")
    return "\n".join(lines)


if __name__ == "__main__":
    print(page(), end="")
