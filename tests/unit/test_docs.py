"""What the documentation says of options, held against the parsers of the command line."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from tests.unit.cli.parsers import options_of, parsers
from truewheel import __version__
from truewheel.cli.main import _COMMANDS

TOP = Path(__file__).parents[2]
PAGES = [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]
OPTION = r"(?<![\w-])--?[A-Za-z][\w-]*"
SYNOPSIS = re.compile(r"^truewheel .*(?:\n +.*)*", re.M)
# options that the pages name of other programs, and of our own that are not written in Python
FOREIGN = {
    "argparse": {"--help"},
    "apt-get": {"--no-install-recommends"},
    "dnf": {"--repo", "--repofrompath", "--whatprovides"},
    "git": {"--prefix"},
    "mmdebstrap": {"--include", "--variant"},
    "debhelper": {"--buildsystem", "--with"},
    "Dockerfile": {"--from"},
    "ostree": {"--repo", "--branch"},
    "umoci": {"--image", "--layout", "--rootless"},
    "skopeo": {"--raw"},
    "venv": {"--without-pip"},
    "dh_truewheel": {"--pyc"},
    "truewheel-flavor-macros": {"--prjconf"},
    "sbuild": {"--chroot-mode", "--dist", "--extra-package"},
    "rpm": {"--define", "--nodeps", "--qf", "--without"},
    "tar": {"--format", "--group", "--numeric-owner", "--owner", "--sort"},
    "gpep517": {"--destdir", "--output-fd", "--wheel-dir"},
    "pip": {
        "--build-option",
        "--dest",
        "--find-links",
        "--force-reinstall",
        "--global-option",
        "--hash",
        "--ignore-installed",
        "--no-binary",
        "--no-build-isolation",
        "--no-compile",
        "--no-deps",
        "--no-index",
        "--no-use-pep517",
        "--target",
        "--user",
        "--wheel-dir",
    },
}


def synopses() -> dict[str, str]:
    """Each command and its synopsis, from the blocks of the pages that begin with one."""
    found: dict[str, str] = {}
    for page in PAGES:
        for block in re.findall(r"^```\n(truewheel .*?)^```", page.read_text(), re.M | re.S):
            for synopsis in SYNOPSIS.findall(block):
                (command,) = (name for name in parsers() if synopsis.startswith(f"truewheel {name} "))
                assert command not in found, f"two synopses of {command}"
                found[command] = synopsis
    return found


def test_every_command_has_a_synopsis() -> None:
    assert set(synopses()) == set(parsers())


@pytest.mark.parametrize("command", parsers())
def test_a_synopsis_has_each_option_of_its_command_and_no_other(command: str) -> None:
    options = options_of(parsers()[command])
    named = set(re.findall(OPTION, synopses()[command])) - {"--"}
    assert named <= set(options)
    assert {options[name].dest for name in named} == {action.dest for action in options.values()}


@pytest.mark.parametrize("command", parsers())
def test_a_synopsis_repeats_what_may_be_repeated_and_has_all_that_is_required(command: str) -> None:
    synopsis = synopses()[command]
    for name, action in options_of(parsers()[command]).items():
        if name not in re.findall(OPTION, synopsis):
            continue
        metavar = f" {re.escape(str(action.metavar))}" if isinstance(action.metavar, str) else r" [\w|-]+"
        value = "" if action.nargs == 0 else metavar
        repeated = type(action).__name__ == "_AppendAction" and not command.startswith("flavor")
        ending = r"\.\.\." if repeated else r"(?!\.\.\.)"
        if action.required:
            assert re.search(rf"(?<!\[){name}{value}{ending}", synopsis), name
        elif not command.startswith("flavor"):
            assert re.search(rf"[\[|] ?{name}{value}(?: ?\| ?[^\]]*)?\]{ending}", synopsis), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_an_option_that_does_not_exist(page: Path) -> None:
    known = {name for parser in parsers().values() for name in options_of(parser)}
    named = {word for word in re.findall(OPTION, page.read_text()) if word.startswith("--")}
    assert named <= known.union(*FOREIGN.values())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_gives_a_command_an_option_of_another(page: Path) -> None:
    """In code, as ``truewheel install --sync``."""
    spans = re.findall(r"`(truewheel [^`\n]+)`", page.read_text())
    for span in spans:
        named = [name for name in parsers() if re.match(rf"truewheel {name}\b", span)]
        known = {name for command in named for name in options_of(parsers()[command])} | {
            "--help",
            "--version",
        }
        if named:
            assert set(re.findall(OPTION, span)) <= known, span


def test_each_promise_of_the_security_page_names_a_test_that_is_there() -> None:
    text = (TOP / "docs/security.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| promise ")]
    assert len(rows) > 15
    tests = "".join(path.read_text() for path in (TOP / "tests").rglob("test_*.py"))
    defined = set(re.findall(r"^def (test_\w+)\(", tests, re.M))
    for row in rows:
        named = re.findall(r"`(test_\w+)`", row)
        assert named, row
        assert set(named) <= defined, f"no such test: {set(named) - defined}"


def test_the_table_of_commands_is_that_of_the_help() -> None:
    rows = re.findall(r"^\| `truewheel ([\w-]+).*?` \| (.*?) \|$", (TOP / "README.md").read_text(), re.M)
    assert dict(rows) == _COMMANDS


def test_the_defaults_of_macros_are_those_of_the_macro_file() -> None:
    defined = dict(re.findall(r"^%(\w+) (\S+)$", (TOP / "macros/macros.truewheel").read_text(), re.M))
    table = re.findall(r"^\| `%(\w+)` \| .* \| `([^`]+)` \|$", (TOP / "docs/rpm.md").read_text(), re.M)
    shared = {name: default for name, default in table if name in defined}
    assert {"__truewheel", "__truewheel_brp", "_truewheel_scheme"} <= set(shared)
    assert shared == {name: defined[name] for name in shared}


def test_every_page_of_the_navigation_is_there() -> None:
    named = set(re.findall(r"[\w./-]+\.md", (TOP / "mkdocs.yml").read_text()))
    written = {str(page.relative_to(TOP / "docs")) for page in PAGES[1:]}
    beside = {"CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"}
    assert named <= written | beside | {"command-line.md", "reports.md"}
    assert len(named) > 25


LINKED = [*PAGES, *(TOP / f"{name}.md" for name in ("CHANGELOG", "CONTRIBUTING", "SECURITY"))]


@pytest.mark.parametrize("page", LINKED, ids=lambda page: page.name)
def test_every_link_leads_to_a_page_and_a_heading_that_are_there(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    for target in re.findall(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)", text):
        if re.match(r"\w+:", target):
            continue
        path, _, anchor = target.partition("#")
        if path in ("command-line.md", "reports.md"):  # written when the site is
            continue
        found = page.parent / path if path else page
        assert found.is_file(), target
        assert not anchor or anchor in headings(found), target


def headings(page: Path) -> set[str]:
    """The anchors of a page."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_pages_that_are_generated_have_every_command_and_every_report() -> None:
    spec = importlib.util.spec_from_file_location("hooks", TOP / "docs/hooks.py")
    assert spec is not None and spec.loader is not None
    hooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hooks)
    assert all(f"## truewheel {command}\n" in hooks.command_line() for command in parsers())
    kinds = {path.name.partition(".")[0] for path in (TOP / "src/truewheel/report").glob("*.schema.json")}
    assert set(re.findall(r"^## (\w+)$", hooks.reports(), re.M)) == kinds
    assert "| `files[].sha256` | string |" in hooks.reports()


def test_versions_agree() -> None:
    spec = (TOP / "packaging/truewheel.spec").read_text()
    changelog = (TOP / "packaging/debian/changelog").read_text()
    assert re.findall(r"^Version: +(\S+)$", spec, re.M) == [__version__]
    assert re.findall(r"^truewheel \(([^)]+)\)", changelog, re.M)[0] == __version__
    for path in ("alpine/APKBUILD", "arch/PKGBUILD"):
        assert re.findall(r"^pkgver=(.+)$", (TOP / "packaging" / path).read_text(), re.M) == [__version__]
    released = re.findall(r"^## \[?(\d[\w.]*)", (TOP / "CHANGELOG.md").read_text(), re.M)
    assert released[0] == __version__
