"""What ``truewheel verify`` and ``truewheel explain`` print, write and return."""

from __future__ import annotations

import json
import shutil
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.wheelbuilder import WheelBuilder
from truewheel.cli.main import main
from truewheel.rules.table import RULES

CONFIG = """
[tool.truewheel.verify]
ignore = ["wrong-"]
fail-on = "error"
build-path = ["/home/me/src"]

[[tool.truewheel.verify.overrides]]
rule = "shadowing-name"
path = "*/tests"
reason = "this is a test suite"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with two warnings, for a mode and for a name."""
    wheel = WheelBuilder(tmp_path).build(files={"demo.py": "x = 1\n", "tests/__init__.py": ""})
    root = tmp_path / "root"
    options = ("--root", str(root), "--python", sys.executable, "--scheme", "generic", "--quiet")
    assert main(["install", str(wheel), *options]) == 0
    (module,) = root.rglob("demo.py")
    module.chmod(0o600)
    return root


def verify(root: Path, *options: str) -> int:
    return main(["verify", "--root", str(root), "--scheme", "generic", *options])


def document(root: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    verify(root, "--json", *options)
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    schema = json.loads((files("truewheel.report") / "verify.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(found)
    return found


def test_a_finding_is_one_line_and_the_status_is_1(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(root) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(f"warning: {root}: /usr/lib")
    assert lines[0].endswith("(leave it out of the wheel) [shadowing-name]")
    assert "has the mode 0600, the scheme generic has 0644" in lines[1]
    assert lines[2].endswith("paths: 0 errors, 2 warnings")


def test_a_tree_without_findings_has_the_status_0(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (module,) = root.rglob("demo.py")
    module.chmod(0o644)
    assert verify(root, "--ignore", "shadowing-name", "--quiet") == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("options", "rules"),
    [
        ((), {"shadowing-name", "wrong-mode"}),
        (("--ignore", "wrong-"), {"shadowing-name"}),
        (("--select", "wrong-"), {"wrong-mode"}),
        (("--select", "wrong-,shadowing-name", "--ignore", "wrong-mode"), {"shadowing-name"}),
        (("--select", "wrong-mode", "--ignore", "wrong-"), {"wrong-mode"}),
        (("--select", "missing-"), set()),
    ],
)
def test_rules_are_chosen_by_the_begin_of_their_names(
    options: tuple[str, ...], rules: set[str], root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (target,) = document(root, capsys, *options)["targets"]
    assert {each["rule"] for each in target["findings"]} == rules


@pytest.mark.parametrize(("least", "status"), [("warning", 1), ("error", 0), ("never", 0)])
def test_the_status_follows_the_least_severity(least: str, status: int, root: Path) -> None:
    assert verify(root, "--fail-on", least) == status


def test_a_file_says_what_counts_and_what_is_meant(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = root.parent / "verify.toml"
    config.write_text(CONFIG)
    (data,) = root.rglob("demo-1.0.dist-info/METADATA")
    data.write_text(data.read_text() + "\nmade in /home/me/src/demo\n")
    (target,) = document(root, capsys, "--config", str(config))["targets"]
    assert {each["rule"] for each in target["findings"]} == {"build-path"}
    assert [each["reason"] for each in target["overridden"]] == ["this is a test suite"]
    assert verify(root, "--config", str(config)) == 1
    assert verify(root, "--config", str(config), "--ignore", "build-path,wrong-") == 0


@pytest.mark.parametrize(
    "table",
    [
        'fail-on = "sometimes"',
        "select = 1",
        'select = ["no-such-rule"]',
        "wrong = true",
        "overrides = 1",
        "overrides = [1]",
        'overrides = [{rule = "wrong-mode"}]',
        'overrides = [{rule = "no-rule", reason = "x"}]',
        'overrides = [{rule = "wrong-mode", reason = ""}]',
    ],
)
def test_a_file_that_makes_no_sense_is_one_line(
    table: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = root.parent / "verify.toml"
    config.write_text(f"[tool.truewheel.verify]\n{table}\n")
    assert verify(root, "--config", str(config)) == 2
    assert capsys.readouterr().err.startswith(f"truewheel: error: {config}: ")


def test_sarif_has_each_finding_and_its_rule(root: Path) -> None:
    sarif = root.parent / "out.sarif"
    assert verify(root, "--sarif", str(sarif)) == 1
    found = json.loads(sarif.read_text())
    (run,) = found["runs"]
    assert found["version"] == "2.1.0"
    names = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert {names[each["ruleIndex"]] for each in run["results"]} == {"shadowing-name", "wrong-mode"}
    for each in run["results"]:
        (location,) = each["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"].startswith(f"{root}/usr/lib")
        assert each["level"] == "warning"


def test_packages_are_looked_at_one_after_another(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wheel = WheelBuilder(root.parent).build("other")
    (root.parent / "damaged.tar").write_bytes(b"no archive")
    assert main(["verify", str(wheel), str(root), "--json"]) == 1
    kinds = [each["kind"] for each in json.loads(capsys.readouterr().out)["targets"]]
    assert kinds == ["wheel", "root"]
    assert main(["verify", str(wheel), str(root.parent / "damaged.tar")]) == 2
    assert "damaged.tar: is no tar archive" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["by themselves", "in a directory"])
def test_a_damaged_target_is_one_line_and_the_others_are_verified(
    given: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dist = root.parent / "dist"
    dist.mkdir()
    damaged = dist / "damaged.rpm"
    damaged.write_bytes(b"\xed\xab\xee\xdb")
    WheelBuilder(dist).build("other")
    targets = [dist] if given == "in a directory" else [damaged, root / "gone.deb", *dist.glob("*.whl")]
    count = 1 if given == "in a directory" else 2
    sarif, page = root.parent / "out.sarif", root.parent / "page.html"
    options = ("--sarif", str(sarif), "--html", str(page))
    assert main(["verify", *map(str, targets), *options]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"truewheel: error: {damaged}: ")
    assert len(said.err.splitlines()) == count
    assert said.out == "1 target: 0 errors, 0 warnings\n"
    (run,) = json.loads(sarif.read_text())["runs"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert len(invocation["toolExecutionNotifications"]) == count
    assert page.read_text().count("not read</span>") == count
    found = document(root, capsys, *map(str, targets))
    assert [each["kind"] for each in found["targets"]] == ["wheel"]
    assert [each["target"] for each in found["troubles"]] == list(map(str, [damaged, *targets[1:count]]))


def test_no_target_and_unknown_rules_are_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify"]) == 2
    assert "no target is given" in capsys.readouterr().err
    assert main(["verify", "/usr/share/doc", "--select", "nope"]) == 2
    assert "no rule begins with 'nope'" in capsys.readouterr().err


def test_explain_prints_a_rule_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "stale-pyc"]) == 0
    rule, said = RULES["stale-pyc"], capsys.readouterr().out
    assert said.startswith("stale-pyc (bytecode, error)\n")
    assert rule.text in " ".join(said.split())
    assert rule.why in " ".join(said.split())


def test_explain_lists_all_rules_or_those_that_begin_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(RULES)
    assert main(["explain", "leftover-", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    schema = json.loads((files("truewheel.report") / "rules.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(found)
    assert [each["name"] for each in found["rules"]] == [
        name for name in RULES if name.startswith("leftover-")
    ]
    assert main(["explain", "nope"]) == 2


def test_findings_beyond_ten_are_counted(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (module,) = root.rglob("demo.py")
    for number in range(30):
        shutil.copy2(module, module.with_name(f"demo{number}.txt"))
    assert verify(root, "--select", "wrong-mode") == 1
    assert f"warning: {root}: 21 more [wrong-mode]" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("directory", ["dist", "RPMS/noarch"])
def test_a_directory_of_packages_stands_for_them(
    directory: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / directory).mkdir(parents=True)
    WheelBuilder(tmp_path / directory).build()
    WheelBuilder(tmp_path / directory).build("other")
    assert main(["verify", str(tmp_path / directory.partition("/")[0]), "--json"]) == 0
    targets = json.loads(capsys.readouterr().out)["targets"]
    assert [each["name"].removeprefix(f"{tmp_path}/") for each in targets] == [
        f"{directory}/demo-1.0-py3-none-any.whl",
        f"{directory}/other-1.0-py3-none-any.whl",
    ]


def test_modules_with_a_wheel_among_them_are_a_tree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the standard library is, which has wheels for its tests."""
    (tmp_path / "lib/test").mkdir(parents=True)
    (tmp_path / "lib/os.py").write_text("")
    WheelBuilder(tmp_path / "lib/test").build()
    assert main(["verify", str(tmp_path / "lib"), "--json"]) == 0
    (target,) = json.loads(capsys.readouterr().out)["targets"]
    assert target["kind"] == "tree"
