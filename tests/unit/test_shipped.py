"""The shipped schemes in Python are those of their files."""

from __future__ import annotations

from tests import shipped
from truewheel.scheme_file import read_scheme
from truewheel.schemes import load_scheme, shipped_schemes


def test_the_schemes_are_those_of_the_files() -> None:
    written = (shipped.SOURCE / "shipped.py").read_text()
    assert written == shipped.text(), "run python -m tests.shipped"


def test_a_shipped_scheme_is_what_its_file_says() -> None:
    for name in shipped_schemes():
        assert load_scheme(name) == read_scheme(str(shipped.SOURCE / "schemes" / f"{name}.yaml"))
