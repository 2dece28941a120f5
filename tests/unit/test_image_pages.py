"""What the pages about images tell, run as builders of images would, at paths of this machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.needs import require
from tests.treehash import difference, tree_listing
from tests.wheelbuilder import WheelBuilder

pytestmark = pytest.mark.slow  # pip and venv

PAGES = Path(__file__).parents[2] / "docs" / "how-to"
TAG = sys.implementation.cache_tag

Shell = Callable[..., str]


def blocks(page: str, language: str) -> list[str]:
    """The code of a language on a page."""
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def steps(page: str) -> list[str]:
    """The RUN lines of the page's Dockerfile, but for that which gets truewheel."""
    lines = re.findall(r"^RUN (.*)$", blocks(page, "dockerfile")[0], re.MULTILINE)
    return [line for line in lines if not line.endswith("pip install truewheel")]


@pytest.fixture
def shell(tmp_path: Path, wheel_builder: WheelBuilder) -> Shell:
    """Run sh with commands truewheel, pip and python3, in a directory that has wheels/."""
    programs, work = tmp_path / "programs", tmp_path / "work"
    programs.mkdir()
    for name, words in {"truewheel": "-m truewheel", "pip": "-m pip", "python3": ""}.items():
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {words} "$@"\n')
        (programs / name).chmod(0o755)
    source = "def f(x=0):\n    print(x in {'foo', 2, 3})\n"
    wheel = wheel_builder.build(files={"demo/__init__.py": source}, entry_points={"demo": "demo:f"})
    (work / "wheels").mkdir(parents=True)
    shutil.copy(wheel, work / "wheels")

    def run(script: str, *arguments: object, second: bool = False) -> str:
        environ = {
            "PATH": f"{programs}:/usr/bin:/bin",
            "HOME": str(tmp_path / "home"),
            "SOURCE_DATE_EPOCH": "1700000000",
            "PYTHONPATH": str(PAGES.parents[1] / "src"),
            "PYTHONHASHSEED": "7" if second else "1",
            "TZ": "Asia/Kathmandu" if second else "UTC",
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_ROOT_USER_ACTION": "ignore",
        }
        done = subprocess.run(
            ["sh", "-euc", script, "sh", *map(str, arguments)],
            env=environ, cwd=work, umask=0o077 if second else 0o022,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_a_dockerfile_has_one_layer(tmp_path: Path, shell: Shell) -> None:
    lines = "\n".join(steps("dockerfile")).replace("/wheels", "wheels").replace("/opt/app", f"{tmp_path}/app")
    assert "truewheel normalize" in lines
    found = []
    for second in (False, True):
        shell(lines, second=second)
        found.append(tree_listing(tmp_path / "app"))
        assert shell(f"{tmp_path}/app/bin/demo") == "False\n"
        assert found[-1] == tree_listing(tmp_path / "app")
        (tmp_path / "app").rename(tmp_path / f"kept{second}")
    assert found[0] == found[1], difference(found[0], found[1])


def test_an_image_of_umoci_has_one_digest(tmp_path: Path, shell: Shell) -> None:
    require("umoci", "skopeo")
    (script,) = blocks("dockerfile", "sh")
    digests = []
    for second in (False, True):
        shell("pip install -q --no-deps --root root --prefix /opt/app wheels/*.whl", second=second)
        assert json.loads(shell(script, second=second).splitlines()[-1])["layers"]
        digests.append((tmp_path / "work/normalized/index.json").read_bytes())
        shell("umoci unpack --rootless --image normalized:app bundle; rm -r root image")
        place = tmp_path / "work/bundle/rootfs/opt/app"
        assert list(place.rglob(f"demo/__pycache__/__init__.{TAG}.pyc"))
        (site,) = place.glob("lib/python*/site-packages")
        assert shell(f"cd {site}; python3 -B -c 'import demo; demo.f()'") == "False\n"
        shell("chmod -R u+w normalized bundle; rm -r normalized bundle")
    assert digests[0] == digests[1]


def test_a_buildpack_keeps_its_bytecode_and_builds_it_once(tmp_path: Path, shell: Shell) -> None:
    (script,) = blocks("buildpack", "sh")
    layers = tmp_path / "layers"
    shell(script, layers)
    first = tree_listing(layers / "app")
    assert re.search(r" 0 pycs were compiled again, .* [1-9]\d* are as reported", shell(script, layers))
    assert tree_listing(layers / "app") == first
    shutil.rmtree(layers)
    shell(script, layers, second=True)
    assert tree_listing(layers / "app") == first, difference(first, tree_listing(layers / "app"))
    assert "launch" not in (layers / "report.toml").read_text()


def test_bytecode_is_valid_after_ostree(tmp_path: Path, shell: Shell) -> None:
    install, normalize = steps("ostree")
    image = tmp_path / "image"
    place = "/image/usr/lib/python*/site-packages"
    as_ostree = "find /image -exec touch -h -d @0 {} +"
    look = f"PYTHONPATH=$(echo {place}) python3 -B -v -c 'import demo' 2>&1"
    said = {}
    for name, script in {"as pip leaves it": install, "normalized": f"{install}\n{normalize}"}.items():
        lines = "\n".join(["unset SOURCE_DATE_EPOCH", script, as_ostree, look]).replace("/wheels", "wheels")
        said[name] = shell(lines.replace("/image", str(image)))
        assert os.stat(image).st_mtime == 0
        shutil.rmtree(image)
    stale = r"# bytecode is stale for 'demo'"
    assert re.search(stale, said["as pip leaves it"])
    assert not re.search(stale, said["normalized"])
    assert re.search(rf"demo/__pycache__/__init__.{TAG}.pyc matches ", said["normalized"])
