"""Shipped bytecode on a system: it is right after every step, and nothing is left of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deb.building import Build, Job, build, build_all, built
from tests.deb.debroot import DebRoot, clean_root
from tests.deb.lifecycle import SITE, System, Trial, write_trial

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

FIRST = Trial(number=1)
NEXT = Trial(number=2)
POLICY = Trial(number=3, exports={"DH_TRUEWHEEL_PYC": "postinst"})
HASHED = Trial(number=4, exports={"DH_TRUEWHEEL_PYC": "postinst-hash"})
KEPT = Trial(name="kept", extension=False)
REBUILT = Trial(name="kept", number=2, extension=False)
_PYTEST = "changed.cpython-311-pytest-7.2.1.pyc"
PLAIN = Trial(name="plain", extension=False, exports={"DH_TRUEWHEEL_PYC": "postinst"})


@pytest.fixture(scope="module")
def builds(bookworm: DebRoot, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Build]:
    directory = tmp_path_factory.mktemp("trials")
    trials = (FIRST, NEXT, POLICY, HASHED)
    jobs = [Job(write_trial(trial, directory)) for trial in trials]
    return {trial.number: built(done) for trial, done in zip(trials, build_all(bookworm, *jobs), strict=True)}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> System:
    return System(clean_root(tmp_path_factory.mktemp("clean") / "root", "bookworm"))


def other_means(system: System) -> None:
    """Bytecode that packages do not have: other levels, other Pythons, old style, of a killed process."""
    system.root.run("python3", "-B", "-O", "-m", "compileall", "-q", SITE, "/usr/share/trial-app")
    system.root.run("python3", "-B", "-m", "compileall", "-q", "-b", f"{SITE}/trial")
    cache = system.root.outside(f"{SITE}/trial/__pycache__")
    for name in ("changed.cpython-39.pyc", "changed.pypy39.pyc", "changed.cpython-311.pyc.139872", _PYTEST):
        (cache / name).write_bytes(b"")


def test_sound_at_each_step(system: System, builds: dict[int, Build]) -> None:
    names = FIRST.packages()
    system.install(builds[1].packages)
    system.sound(FIRST)
    shipped = system.caches(FIRST)
    assert len(shipped) == 13

    system.touch(names)
    system.imports(FIRST)
    system.sound(FIRST)
    system.root.run("py3compile", SITE, "/usr/share/trial-app", "/usr/lib/trial-app")
    for name in names:
        system.root.run("py3compile", "-p", name)
    system.root.run("py3compile", "-p", "trial-app", "/usr/share/trial-app")
    system.root.run("/usr/share/python3/runtime.d/trial-app.rtupdate", "rtupdate", "python3.11", "python3.11")
    system.sound(FIRST)
    system.install(builds[1].packages)
    system.sound(FIRST)

    system.install(builds[2].packages)
    system.sound(NEXT)
    system.imports(NEXT)
    system.sound(NEXT)
    system.install(builds[1].packages)
    system.imports(FIRST)
    system.sound(FIRST)


def test_nothing_is_left(system: System, builds: dict[int, Build]) -> None:
    system.install(builds[2].packages)
    other_means(system)
    system.imports(NEXT)
    assert system.caches(NEXT) - system.owned(NEXT.packages())

    system.dpkg("--remove", *NEXT.packages())
    assert system.caches(NEXT) == set()
    system.dpkg("--purge", *NEXT.packages())
    assert system.left() == set()


def test_to_policy_and_back(system: System, builds: dict[int, Build]) -> None:
    system.install(builds[2].packages)
    system.install(builds[3].packages)
    system.imports(POLICY)
    assert system.caches(POLICY).isdisjoint(system.owned(POLICY.packages()))
    system.install(builds[2].packages)
    system.imports(NEXT)
    system.sound(NEXT)
    system.dpkg("--purge", *NEXT.packages())
    assert system.left() == set()


def test_hash_at_install(system: System, builds: dict[int, Build]) -> None:
    system.install(builds[4].packages)
    caches = {path: system.root.outside(path).read_bytes() for path in system.caches(HASHED)}
    assert len(caches) == 13
    assert {int.from_bytes(data[4:8], "little") for data in caches.values()} == {0b11}
    system.touch(HASHED.packages())
    system.imports(HASHED)
    assert {path: system.root.outside(path).read_bytes() for path in system.caches(HASHED)} == caches
    system.dpkg("--purge", *HASHED.packages())
    assert system.left() == set()


@pytest.mark.parametrize("step", ["upgrade 9", "remove", "deconfigure in-favour x 1", "failed-upgrade 0"])
def test_prerm_spares_what_dpkg_owns(system: System, builds: dict[int, Build], step: str) -> None:
    system.install(builds[1].packages)
    other_means(system)
    for name in FIRST.packages():
        system.script(name, *step.split())
        system.script(name, *step.split())
    system.sound(FIRST)


def test_modules_of_others_in_a_directory(system: System, builds: dict[int, Build]) -> None:
    system.install(builds[1].packages)
    plugins = [f"{SITE}/trial/{name}" for name in ("plugin.py", "changed.too.py")]
    for plugin in plugins:
        system.root.outside(plugin).write_text("", encoding="utf-8")
    system.root.run("py3compile", f"{SITE}/trial")
    cached = {f"{SITE}/trial/__pycache__/{name}.cpython-311.pyc" for name in ("plugin", "changed.too")}
    assert system.caches(FIRST) - system.owned(FIRST.packages()) == cached
    system.script("python3-trial", "remove")
    assert system.caches(FIRST) - system.owned(FIRST.packages()) == cached
    for path in (*plugins, *cached):
        system.root.outside(path).unlink()
    system.sound(FIRST)


def test_lintian_finds_what_is_wanted_alone(bookworm: DebRoot, builds: dict[int, Build]) -> None:
    shipped, policy = (_tags(bookworm, builds[number]) for number in (2, 3))
    assert shipped - policy == {(name, "package-installs-python-pycache-dir") for name in NEXT.packages()}
    assert policy - shipped == set()


def _tags(root: DebRoot, build: Build) -> set[tuple[str, str]]:
    """The tags that lintian has for the packages, of whatever severity."""
    inner = [f"/{package.relative_to(root.directory)}" for package in build.packages]
    command = ["lintian", "--allow-root", "--fail-on=none", "--display-info", "--pedantic"]
    return set(re.findall(r"^[EWIP]: ([^:\s]+): (\S+)", root.run(*command, *inner), re.M))


@pytest.fixture(scope="module")
def older(bookworm: DebRoot, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Packages of Debian 12: some with bytecode, some without."""
    directory = tmp_path_factory.mktemp("older")
    jobs = [Job(write_trial(trial, directory)) for trial in (KEPT, PLAIN)]
    return [package for done in build_all(bookworm, *jobs) for package in built(done).packages]


@pytest.fixture
def upgraded(older: list[Path], tmp_path: Path) -> System:
    system = System(clean_root(tmp_path / "root", "bookworm"))
    system.install(older)
    return system


def test_a_python_more(sid: DebRoot, tmp_path: Path) -> None:
    """What is not shipped for a Python that a user has is made at installation, and goes with the package."""
    trial = Trial("twofold", extension=False, compat=14)
    source = write_trial(trial, tmp_path)
    control = source / "debian/control"
    control.write_text(control.read_text(encoding="utf-8").replace("python3-all-dev", "python3-dev"))
    system = System(sid)
    system.install(built(build(sid, Job(source))).packages)
    names = trial.packages()
    assert system.dpkg("--verify", *names) == ""
    made = {path for path in system.caches(trial) - system.owned(names) if path.startswith(SITE)}
    assert len({path.rsplit(".", 2)[1] for path in made}) == len(sid.pythons) - 1
    system.dpkg("--purge", *names)
    assert system.left() == set()


def as_i386(package: Path, directory: Path) -> Path:
    """The same package of another architecture, which pure modules do not tell apart."""
    inside = directory / "repacked"
    subprocess.run(["dpkg-deb", "-R", package, inside], check=True)
    for name, old in (("control", "Architecture: amd64"), ("prerm", "python3-side:amd64")):
        file = inside / "DEBIAN" / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, old.replace("amd64", "i386")), encoding="utf-8")
    repacked = directory / package.name.replace("amd64", "i386")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", inside, repacked], check=True)
    return repacked


def test_pure_modules_of_two_architectures_side_by_side(bookworm: DebRoot, tmp_path: Path) -> None:
    trial = Trial("side", extension=False)
    source = write_trial(trial, tmp_path)
    control = source / "debian/control"
    text = control.read_text(encoding="utf-8")
    control.write_text(text.replace("Architecture: any\n", "Architecture: any\nMulti-Arch: same\n"))
    packages = built(build(bookworm, Job(source))).packages
    (package,) = (one for one in packages if one.name.startswith("python3-side_"))
    system = System(clean_root(tmp_path / "root", "bookworm"))
    system.dpkg("--add-architecture", "i386")
    system.install([package, as_i386(package, tmp_path)])
    shipped = system.caches(trial)
    assert shipped
    system.dpkg("--purge", "python3-side:i386")
    assert (system.caches(trial), system.dpkg("--verify", "python3-side")) == (shipped, "")
    system.dpkg("--purge", "python3-side:amd64")
    assert system.left() == set()


def repository(root: DebRoot, packages: tuple[Path, ...], directory: Path) -> Path:
    """A directory that apt can take packages from."""
    inner = root.outside("/repository")
    inner.mkdir()
    for package in packages:
        shutil.copy(package, inner)
    root.run("sh", "-c", "dpkg-scanpackages . > Packages", cwd="/repository")
    return Path(shutil.move(inner, directory / "repository"))


def test_release_upgrade_takes_what_was_rebuilt_along(
    upgraded: System, trixie: DebRoot, tmp_path: Path
) -> None:
    done = built(build(trixie, Job(write_trial(REBUILT, tmp_path))))
    environ = upgraded.upgrade_to("trixie", repository(trixie, done.packages, tmp_path))
    upgraded.apt(environ, "install", "python3")
    upgraded.sound(REBUILT)
    upgraded.imports(REBUILT)
    upgraded.sound(REBUILT)
    assert {path.rsplit(".", 2)[1] for path in upgraded.caches(REBUILT)} == {"cpython-313"}


def test_release_upgrade_keeps_or_removes_what_was_not(
    upgraded: System, bookworm: DebRoot, tmp_path: Path
) -> None:
    environ = upgraded.upgrade_to("trixie", repository(bookworm, (), tmp_path))
    assert "Inst python3 " not in upgraded.apt(environ, "--simulate", "upgrade")
    removed = upgraded.apt(environ, "install", "python3")
    assert all(f"Removing {name} " in removed for name in KEPT.packages())
    assert upgraded.caches(KEPT) == set()

    upgraded.apt(environ, "autoremove")
    public = {path for path in upgraded.caches(PLAIN) if path.startswith(SITE)}
    assert public == set(), "what the archive's policy does to packages that are not rebuilt"
    upgraded.dpkg("--purge", *PLAIN.packages())
    assert not [path for path in upgraded.left() if path.startswith(f"{SITE}/")]
