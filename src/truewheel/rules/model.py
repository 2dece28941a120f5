"""What a rule is."""

from __future__ import annotations

from enum import Enum

from truewheel.dataclass import dataclass


class Severity(str, Enum):
    """What breaking a rule means: an error refuses the input, a warning is printed.

    A choice is an error unless the caller or the scheme allows the rule, and a warning then.
    """

    ERROR = "error"
    CHOICE = "choice"
    WARNING = "warning"


@dataclass(frozen=True)
class Rule:
    """One rule.

    ``name`` is kebab-case; ``family`` groups the rules of one kind of input; ``text`` says in one sentence
    what is wrong, ``hint`` what to do about it, ``why`` what goes wrong otherwise.
    """

    name: str
    family: str
    severity: Severity
    text: str
    hint: str
    why: str
