"""Decide what PYBUILD variables and the arguments behind ``--`` ask for."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import NoReturn

from truewheel.dataclass import dataclass
from truewheel.debian.model import Flavor, Step
from truewheel.errors import UsageError

_TEXTS = ("name", "dir", "install_dir", "system", "disable", "ext_pattern", "ext_sub_pattern", "ext_sub_repl")
RUNNERS = ("nose2", "nose", "pytest", "tox", "stestr", "unittest", "custom")


@dataclass(frozen=True)
class Options:
    """The caller's wishes: ``environ`` is the environment, ``given`` the arguments by pybuild's names."""

    environ: Mapping[str, str]
    given: Mapping[str, str]
    interpreters: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()

    def get(self, name: str, flavor: Flavor) -> str | None:
        """PYBUILD_NAME_python3.11, PYBUILD_NAME_python3, PYBUILD_NAME, or the argument."""
        for suffix in flavor.suffixes:
            if f"PYBUILD_{name.upper()}_{suffix}" in self.environ:
                return self.environ[f"PYBUILD_{name.upper()}_{suffix}"]
        if f"PYBUILD_{name.upper()}" in self.environ:
            return self.environ[f"PYBUILD_{name.upper()}"]
        return self.given.get(name)

    @property
    def verbose(self) -> bool:
        """Whether to print decisions: -v or PYBUILD_VERBOSE."""
        return self.asks_for("verbose")

    @property
    def quiet(self) -> bool:
        """Whether to leave output in logs: -q, -qq, PYBUILD_QUIET or PYBUILD_RQUIET."""
        return self.asks_for("quiet") or self.asks_for("really_quiet") or self.asks_for("rquiet")

    def asks_for(self, name: str) -> bool:
        """Whether a switch is given, or PYBUILD_NAME is 1."""
        return name in self.given or self.environ.get(f"PYBUILD_{name.upper()}") == "1"

    def overall(self, name: str) -> str | None:
        """The argument, else PYBUILD_NAME: an option that is one for all flavors."""
        return self.given.get(name) or self.environ.get(f"PYBUILD_{name.upper()}") or None


def parse_options(arguments: Sequence[str], environ: Mapping[str, str]) -> Options:
    """Read the arguments behind ``--`` of a dh_auto command, which are pybuild's, abbreviations included.

    Raises UsageError for an unknown or ambiguous one.
    """
    parser = _Parser(prog="dh_auto_*", add_help=False)
    for step in Step:
        for name in (f"before_{step.value}", f"{step.value}_args", f"after_{step.value}"):
            parser.add_argument(f"--{name.replace('_', '-')}")
    for name in _TEXTS:
        short = {"dir": ["-d"], "system": ["-s"]}.get(name, [])
        parser.add_argument(*short, f"--{name.replace('_', '-')}")
    parser.add_argument("--dest-dir", dest="destdir")
    parser.add_argument("--ext-dest-dir", dest="ext_destdir")
    for runner in RUNNERS:
        parser.add_argument(f"--test-{runner}", action="store_const", const="1")
    for name, letter in (("verbose", "-v"), ("quiet", "-q"), ("really-quiet", "-qq")):
        parser.add_argument(letter, f"--{name}", action="store_const", const="1")
    parser.add_argument("-i", "--interpreter", action="append", default=[])
    parser.add_argument("-p", "--pyver", action="append", default=[])
    given = vars(parser.parse_args(list(arguments)))
    interpreters, versions = given.pop("interpreter"), given.pop("pyver")
    return Options(
        environ,
        {name: value for name, value in given.items() if value is not None},
        tuple(interpreters or environ.get("PYBUILD_INTERPRETERS", "").split()),
        tuple(" ".join(versions).split() or environ.get("PYBUILD_VERSIONS", "").split()),
    )


def is_disabled(options: Options, step: Step, flavor: Flavor) -> bool:
    """Whether PYBUILD_DISABLE leaves a step out: ``1``, ``test``, ``3.11``, ``test/python3.11``."""
    items = (options.get("disable", flavor) or "").split()
    named = {item.removeprefix(f"{step.value}/") for item in items}
    return not named.isdisjoint({"1", step.value, flavor.template, str(flavor.version), *flavor.suffixes})


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, subject="arguments behind --", hint="those of pybuild(1) are understood")
