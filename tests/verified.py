"""What verify says of packages that a test built."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from truewheel import VerifyRequest, verify


def findings(packages: Sequence[Path], passed_over: Collection[str] = ()) -> list[str]:
    """Return a line a finding but for some rules: the package, the path, what is wrong and the rule."""
    return [
        f"{package.name}: {finding.path}: {finding.message} [{finding.rule}]"
        for package in packages
        for verified in verify(VerifyRequest((package,), jobs=1), {})
        for finding in verified.findings
        if finding.rule not in passed_over
    ]
