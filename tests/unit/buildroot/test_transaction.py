"""Writing below a root: modes, dates, links, and that nothing stays of a run that fails."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.support import FaultyOs, Snapshot, snapshot
from tests.needs import need
from truewheel.buildroot import directories, log, transaction, undo
from truewheel.buildroot.transaction import Buildroot
from truewheel.errors import StageError

EARLY, LATE = 1_000_000_000, 1_500_000_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "root"
    directory.mkdir()
    return directory


@pytest.fixture(params=[0, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def put(root: Path, *finals: str, mtime: int = EARLY, content: bytes = b"new") -> None:
    with Buildroot(root, 0o755) as buildroot:
        for final in finals:
            buildroot.create(final, (content,), 0o644, mtime)
        buildroot.commit()


def test_a_directory_may_stay_empty_and_has_its_date_at_least(root: Path, umask: int) -> None:
    with Buildroot(root, 0o755) as buildroot:
        buildroot.directory("/a/empty", EARLY)
        buildroot.directory("/b", EARLY)
        buildroot.create("/b/file", (b"x",), 0o644, LATE)
        buildroot.commit()
    assert {int((root / name).stat().st_mtime) for name in ("a", "a/empty")} == {EARLY}
    assert int((root / "b").stat().st_mtime) == LATE
    assert (root / "a" / "empty").stat().st_mode & 0o777 == 0o755


def test_a_directory_that_is_not_committed_goes(root: Path) -> None:
    with Buildroot(root, 0o755) as buildroot:
        buildroot.directory("/a/empty", EARLY)
    assert list(root.iterdir()) == []


def stand_in(monkeypatch: pytest.MonkeyPatch, faulty: FaultyOs) -> None:
    """Let ``faulty`` stand for ``os`` in all parts of a buildroot."""
    for module in (directories, log, transaction, undo):
        monkeypatch.setattr(module, "os", faulty)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def date(path: Path) -> int:
    return path.stat().st_mtime_ns


@pytest.mark.usefixtures("umask")
def test_modes_do_not_depend_on_the_umask(tmp_path: Path) -> None:
    with Buildroot(tmp_path / "new/root", 0o755) as buildroot:
        buildroot.create("/usr/bin/tool", (b"x",), 0o755, EARLY)
        buildroot.replace("/usr/lib/module.py", (b"x",), 0o664, EARLY)
        buildroot.commit()
    directories = ("new", "new/root", "new/root/usr", "new/root/usr/bin", "new/root/usr/lib")
    assert {mode(tmp_path / name) for name in directories} == {0o755}
    assert mode(tmp_path / "new/root/usr/bin/tool") == 0o755
    assert mode(tmp_path / "new/root/usr/lib/module.py") == 0o664


def test_set_id_bits_are_as_asked(root: Path) -> None:
    with Buildroot(root, 0o755) as buildroot:
        buildroot.create("/tool", (b"x",), 0o4755, EARLY)
        buildroot.commit()
    assert mode(root / "tool") == 0o4755


def test_files_have_their_dates_and_directories_the_newest_below_them(tmp_path: Path) -> None:
    root = tmp_path / "root"
    with Buildroot(root, 0o755) as buildroot:
        buildroot.create("/usr/lib/a/one", (b"1",), 0o644, EARLY)
        buildroot.create("/usr/lib/b/two", (b"2",), 0o644, LATE)
        buildroot.commit()
    assert date(root / "usr/lib/a/one") == date(root / "usr/lib/a") == EARLY * 10**9
    assert {date(root / name) for name in (".", "usr", "usr/lib", "usr/lib/b")} == {LATE * 10**9}


@pytest.mark.parametrize("most", [2, 3, 256])
def test_dates_are_the_same_however_few_directories_are_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(directories, "_MOST_OPEN", most)
    with Buildroot(tmp_path / "root", 0o755) as buildroot:
        for at, number in enumerate((1, 2, 3, 1, 4, 5, 2)):
            for depth, below in enumerate(("", "in/", "in/deep/", "in/other/")):
                first, second = (f"/lib/{number}/{below}{name}{at}" for name in "fg")
                buildroot.add(first, (b"",), 0o644, EARLY + at - depth)
                buildroot.link(first, second, EARLY + at - depth, replace=False)
            if at == 4:
                buildroot.place()
        buildroot.place()
        buildroot.add("/lib/3/in/last", (b"",), 0o644, LATE)
        buildroot.add("/lib/1/in/old", (b"",), 0o644, EARLY - 9)  # changes a directory, but not what it gets
        buildroot.commit()
    paths = [tmp_path / "root", *(tmp_path / "root").rglob("*")]
    for directory in (path for path in paths if path.is_dir()):
        assert date(directory) == max(date(path) for path in directory.rglob("*") if path.is_file())


def test_a_directory_that_is_newer_keeps_its_date(root: Path) -> None:
    (root / "usr").mkdir()
    os.utime(root / "usr", ns=(1, LATE * 10**9 + 5))
    put(root, "/usr/file")
    assert date(root / "usr") == LATE * 10**9 + 5


def test_a_directory_that_is_older_gets_the_newer_date(root: Path) -> None:
    (root / "usr").mkdir()
    os.utime(root / "usr", (EARLY, EARLY))
    put(root, "/usr/file", mtime=LATE)
    assert date(root / "usr") == LATE * 10**9


def test_without_a_commit_everything_is_as_before(root: Path) -> None:
    (root / "usr").mkdir()
    (root / "usr/kept").write_text("old")
    os.utime(root / "usr", (EARLY, EARLY))
    before = snapshot(root)
    with Buildroot(root, 0o755) as buildroot:
        buildroot.create("/usr/new/file", (b"x",), 0o644, LATE)
        buildroot.replace("/usr/kept", (b"x",), 0o600, LATE)
        buildroot.link("/usr/new/file", "/usr/new/twin", LATE, replace=False)
    assert snapshot(root) == before


def test_a_root_that_was_made_goes_again_with_its_parents(tmp_path: Path) -> None:
    before = snapshot(tmp_path)
    with pytest.raises(ZeroDivisionError), Buildroot(tmp_path / "a/b/root", 0o755) as buildroot:
        buildroot.create("/file", (b"x",), 0o644, EARLY)
        raise ZeroDivisionError
    assert set(snapshot(tmp_path)) == set(before)


def test_parents_go_when_the_root_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = Path.mkdir

    def full(path: Path, mode: int = 0o777) -> None:
        if path.name == ".truewheel-root.new":
            raise OSError(errno.ENOSPC, "No space left on device")
        make(path, mode)

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(StageError), Buildroot(tmp_path / "a/b/root", 0o755):
        pass
    assert list(tmp_path.iterdir()) == []


def test_content_that_fails_leaves_nothing(root: Path) -> None:
    def content() -> Iterator[bytes]:
        yield b"half"
        raise ZeroDivisionError

    before = snapshot(root)
    with pytest.raises(ZeroDivisionError), Buildroot(root, 0o755) as buildroot:
        buildroot.create("/usr/file", content(), 0o644, EARLY)
    assert snapshot(root) == before


@pytest.mark.parametrize("kind", ["link", "dangling", "fifo", "file"])
def test_a_directory_is_never_something_else(root: Path, tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "outside"
    if kind == "link":
        outside.mkdir()
    if kind == "fifo":
        os.mkfifo(root / "usr")
    elif kind == "file":
        (root / "usr").write_text("a file")
    else:
        (root / "usr").symlink_to(outside)
    before = snapshot(tmp_path)
    with pytest.raises(StageError, match=r"^/usr/file: cannot be written: .*\(a link"):
        put(root, "/usr/file")
    assert snapshot(tmp_path) == before


def test_a_dangling_link_in_a_files_place_is_not_followed(root: Path, tmp_path: Path) -> None:
    (root / "file").symlink_to(tmp_path / "outside")
    put(root, "/file")
    assert not (tmp_path / "outside").exists()


def test_replaced_files_change_at_commit_alone(root: Path) -> None:
    (root / "file").write_bytes(b"old")
    with Buildroot(root, 0o755) as buildroot:
        buildroot.replace("/file", (b"new",), 0o644, EARLY)
        assert (root / "file").read_bytes() == b"old"
        buildroot.commit()
        assert (root / "file").read_bytes() == b"new"


def test_new_files_are_whole_when_they_appear(root: Path) -> None:
    seen = []

    def content() -> Iterator[bytes]:
        for _ in range(3):
            yield b"part"
            seen.append((root / "file").exists())

    with Buildroot(root, 0o755) as buildroot:
        buildroot.create("/file", content(), 0o644, EARLY)
        seen.append((root / "file").exists())
        buildroot.commit()
    assert seen == [False, False, False, True]


def test_the_last_file_takes_its_place_after_all_others(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[object] = []
    rename = os.rename

    def spy(source: str, target: str, **directories: int) -> None:
        names.append(target)
        rename(source, target, **directories)

    monkeypatch.setattr(os, "rename", spy)
    with Buildroot(root, 0o755) as buildroot:
        buildroot.replace("/a/RECORD", (b"x",), 0o644, EARLY, last=True)
        buildroot.replace("/z/other", (b"x",), 0o644, EARLY)
        buildroot.create("/new", (b"x",), 0o644, EARLY)
        buildroot.commit()
    assert names == ["new", "other", "RECORD"]


def test_a_directory_goes_once_nothing_is_in_it(root: Path) -> None:
    put(root, "/a/cache/x", "/a/full/x", "/a/full/y")
    before = (root / "a").stat().st_mtime_ns
    with Buildroot(root, 0o755) as buildroot:
        for final in ("/a/cache/x", "/a/full/x"):
            buildroot.remove(final)
            buildroot.remove_directory(final.rpartition("/")[0])
        assert (root / "a/cache/x").exists()
        buildroot.commit()
    assert sorted(path.name for path in (root / "a").rglob("*")) == ["full", "y"]
    assert (root / "a").stat().st_mtime_ns == before


def test_a_link_is_a_hard_link(root: Path) -> None:
    with Buildroot(root, 0o755) as buildroot:
        buildroot.create("/a", (b"x",), 0o644, EARLY)
        assert buildroot.link("/a", "/b", EARLY, replace=False)
        buildroot.commit()
    assert (root / "a").samefile(root / "b")


def test_a_link_to_a_replaced_file_is_to_the_new_one(root: Path) -> None:
    put(root, "/a", "/b", content=b"old")
    with Buildroot(root, 0o755) as buildroot:
        buildroot.replace("/a", (b"new",), 0o644, EARLY)
        assert buildroot.link("/a", "/b", EARLY, replace=True)
        assert (root / "b").read_bytes() == b"old"
        buildroot.commit()
    assert (root / "a").samefile(root / "b")
    assert (root / "b").read_bytes() == b"new"


@pytest.mark.parametrize("code", [errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EXDEV, errno.ENOSYS])
def test_where_hard_links_cannot_be_the_caller_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refuse)
    with Buildroot(root, 0o755) as buildroot:
        buildroot.create("/a", (b"x",), 0o644, EARLY)
        assert not buildroot.link("/a", "/b", EARLY, replace=False)
        buildroot.create("/b", (b"x",), 0o644, EARLY)
        buildroot.commit()
    assert sorted(os.listdir(root)) == ["a", "b"]


def test_a_link_that_fails_for_lack_of_space_is_an_error(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(root)
    stand_in(monkeypatch, FaultyOs(5, errno.ENOSPC))
    with pytest.raises(StageError, match="free some space"), Buildroot(root, 0o755) as buildroot:
        buildroot.create("/a", (b"",), 0o644, EARLY)
        buildroot.link("/a", "/b", EARLY, replace=False)
        buildroot.link("/a", "/c", EARLY, replace=False)
    assert snapshot(root) == before


@pytest.mark.parametrize("limit", [2, 8, 256])
def test_trees_deeper_than_the_open_directories(
    root: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(directories, "_MOST_OPEN", limit)
    deep = "/d" * 300
    opened = len(os.listdir("/proc/self/fd"))
    with Buildroot(root, 0o755) as buildroot:
        for final in (f"{deep}/file", "/shallow", f"{deep}/other", *(f"/wide{n}/file" for n in range(20))):
            buildroot.create(final, (b"x",), 0o644, EARLY)
        assert len(os.listdir("/proc/self/fd")) <= opened + limit + 1
        buildroot.commit()
    assert (root / f"{deep[1:]}/other").read_bytes() == b"x"
    assert date(root / deep[1:]) == date(root / "wide3") == EARLY * 10**9
    assert len(os.listdir("/proc/self/fd")) == opened


def test_trees_deeper_than_the_interpreters_stack(root: Path) -> None:
    before = snapshot(root)
    deep = "/d" * 1200
    with Buildroot(root, 0o755) as buildroot:
        buildroot.create(f"{deep}/file", (b"x",), 0o644, EARLY)
    assert snapshot(root) == before


def test_a_name_too_long_is_explained(root: Path) -> None:
    with pytest.raises(StageError, match="does not take names this long") as caught:
        put(root, f"/usr/{'n' * 256}")
    assert caught.value.exit_code == 2
    assert os.listdir(root) == []


def test_a_root_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("a file")
    with pytest.raises(StageError):
        put(tmp_path / "root", "/file")


def test_a_short_write_is_continued(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, bytes(data)[:3]))
    put(root, "/file", content=b"0123456789")
    assert (root / "file").read_bytes() == b"0123456789"


def test_killed_in_the_middle_no_final_name_has_half_a_file(root: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from truewheel.buildroot.transaction import Buildroot\n"
        "def half():\n    yield b'x' * 100_000\n    os.kill(os.getpid(), 9)\n"
        "with Buildroot(Path(sys.argv[1]), 0o755) as b:\n"
        "    b.create('/a/whole', (b'whole',), 0o644, 1)\n"
        "    b.replace('/a/RECORD', (b'rows',), 0o644, 1, last=True)\n"
        "    b.create('/a/half', half(), 0o644, 1)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, root], check=False)
    assert done.returncode == -9
    names = [name for name in os.listdir(root / "a") if not name.startswith(".truewheel-")]
    assert names == ["whole"]
    assert (root / "a/whole").read_bytes() == b"whole"


def without_dates(tree: Snapshot) -> Snapshot:
    """A tree without the dates of its directories."""
    return {name: state if len(state) == 5 else state[:1] for name, state in tree.items()}


def run_all(root: Path, present: bool) -> None:
    """Every kind of step."""
    with Buildroot(root, 0o755) as buildroot:
        buildroot.create("/usr/lib/new/one", (b"one",), 0o644, EARLY)
        buildroot.link("/usr/lib/new/one", "/usr/lib/new/two", EARLY, replace=False)
        buildroot.replace("/usr/lib/kept", (b"after",), 0o644, LATE)
        buildroot.link("/usr/lib/kept", "/usr/lib/twin", LATE, replace=present)
        buildroot.replace("/usr/lib/RECORD", (b"rows",), 0o644, LATE, last=True)
        buildroot.commit()


@pytest.mark.parametrize("present", [False, True], ids=["fresh", "over what is there"])
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC, 0], ids=["EIO", "ENOSPC", "signal"])
def test_whatever_step_fails_the_root_is_as_before_or_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int, present: bool
) -> None:
    def fresh(name: str) -> Path:
        root = tmp_path / name
        (root / "usr/lib").mkdir(parents=True)
        if present:
            put(root, "/usr/lib/kept", "/usr/lib/twin", "/usr/lib/RECORD", content=b"before")
        for directory in ("usr/lib", "usr", "."):
            os.utime(root / directory, (EARLY, EARLY))
        return root

    run_all(fresh("complete"), present)
    before, complete = snapshot(fresh("before")), snapshot(tmp_path / "complete")
    bad = []
    for at in range(1, 200):
        root = fresh(f"root{at}")
        faulty = FaultyOs(at, error)
        stand_in(monkeypatch, faulty)
        caught: BaseException | None = None
        try:
            run_all(root, present)
        except (StageError, KeyboardInterrupt) as failure:
            caught = failure
        monkeypatch.undo()
        after = snapshot(root)
        if faulty.count < at:
            break
        if faulty.count >= at and present and without_dates(after) == without_dates(complete):
            continue  # all took their places, and nothing is undone any more
        if after != before and after != complete:
            bad.append((at, sorted(set(after) ^ set(before)), caught))
    assert faulty.count < at, "the sweep did not reach the end"
    assert bad == []


def replaced(root: Path) -> None:
    """Replace a file, which is kept until all are."""
    with Buildroot(root, 0o755) as buildroot:
        buildroot.replace("/usr/file", (b"new",), 0o644, LATE)
        buildroot.commit()


def test_an_error_after_the_commit_says_that_everything_is_there(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []
    for at in range(1, 60):
        put(root, "/usr/file", content=b"old")
        faulty = FaultyOs(at, errno.EIO)
        stand_in(monkeypatch, faulty)
        try:
            replaced(root)
        except StageError as error:
            there = (root / "usr/file").read_bytes() == b"new"
            assert ("everything is in place" in error.hint) == there, at
            assert ("removed again" in error.hint) != there, at
            said.append(there)
        monkeypatch.undo()
        if faulty.count < at:
            break
    assert set(said) == {True, False}


def test_a_roll_back_that_fails_says_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(StageError) as caught, Buildroot(root, 0o755) as buildroot:
        buildroot.create("/usr/file", (b"x",), 0o644, EARLY)
        monkeypatch.setattr(os, "unlink", refuse)
        raise StageError("cannot be written: full", subject="/usr/other", hint="removed again")
    assert (root / "usr/file").exists()
    text = str(caught.value)
    assert text.startswith(
        "/usr/other: cannot be written: full; and the root is not as it was: /usr/file and "
    )
    assert "removed again" not in text


def test_directories_that_were_not_made_or_are_gone_again_are_no_trouble(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where none can be opened any more."""

    def refuse(*args: object, **options: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = snapshot(root)
    with pytest.raises(StageError) as caught, Buildroot(root, 0o755) as buildroot:
        buildroot.expect(["/made", "/other/below"])
        buildroot.create("/file", (b"x",), 0o644, EARLY)
        monkeypatch.setattr(os, "open", refuse)
        buildroot.create("/made/file", (b"x",), 0o644, EARLY)
    monkeypatch.undo()
    assert str(caught.value).startswith("/made/file: cannot be written: No space left on device (")
    assert snapshot(root) == before


def test_a_file_of_another_in_a_directory_of_ours_stays_and_is_named(root: Path) -> None:
    with pytest.raises(StageError, match="not as it was: /usr"), Buildroot(root, 0o755) as buildroot:
        buildroot.create("/usr/file", (b"x",), 0o644, EARLY)
        (root / "usr/other").write_text("another's")
        raise ZeroDivisionError
    assert [path.name for path in (root / "usr").iterdir()] == ["other"]


def test_a_temporary_name_is_never_one_that_is_there(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)
    (root / ".truewheel-1-1.tmp").write_text("another's")
    put(root, "/file")
    assert (root / ".truewheel-1-1.tmp").read_text() == "another's"


@pytest.fixture
def shared() -> Iterator[Path]:
    """A root of ours where everybody may write, while this process is an ordinary user."""
    need(os.geteuid() == 0, "not root, to be another user")
    root = Path(tempfile.mkdtemp())
    (root / "usr/lib").mkdir(parents=True)
    (root / "usr/lib/old").write_text("old")
    for path in (root, root / "usr", root / "usr/lib"):
        path.chmod(0o777)
        os.utime(path, (EARLY, EARLY))
    os.seteuid(65534)
    yield root
    os.seteuid(0)
    shutil.rmtree(root)


def overwrite(root: Path, epoch: int | None = None) -> None:
    with Buildroot(root, 0o755, epoch) as buildroot:
        buildroot.create("/usr/lib/new/file", (b"new",), 0o644, EARLY)
        buildroot.replace("/usr/lib/old", (b"new",), 0o644, EARLY)
        buildroot.commit()


def test_a_root_of_another_user_who_lets_us_write_is_written(shared: Path) -> None:
    overwrite(shared)
    assert sorted(snapshot(shared)) == [
        ".",
        "usr",
        "usr/lib",
        "usr/lib/new",
        "usr/lib/new/file",
        "usr/lib/old",
    ]
    assert (shared / "usr/lib/old").read_bytes() == b"new"
    assert date(shared / "usr/lib/new") == EARLY * 10**9
    assert os.listxattr(shared) == []


@pytest.mark.parametrize("owned", [(), (".", "usr"), ("usr", "usr/lib"), ("usr/lib",)])
def test_a_date_that_only_another_user_can_set_is_refused_before_the_first_write(
    shared: Path, owned: tuple[str, ...]
) -> None:
    os.seteuid(0)
    for name in owned:
        os.chown(shared / name, 65534, 65534)
    os.seteuid(65534)
    before = snapshot(shared)
    with pytest.raises(StageError) as caught:
        overwrite(shared, EARLY)
    assert str(caught.value).startswith(f"{'/usr/lib' if '.' in owned else '/'}: belongs to another user, ")
    assert "run as its owner, or give --keep-dates" in str(caught.value)
    assert snapshot(shared) == before


def test_a_directory_of_another_user_that_is_reached_late_is_refused_with_all_undone(shared: Path) -> None:
    os.seteuid(0)
    for name in (".", "usr"):
        os.chown(shared / name, 65534, 65534)
    os.seteuid(65534)
    before = snapshot(shared)
    with (
        pytest.raises(StageError, match="/usr/lib: belongs to another user"),
        Buildroot(shared, 0o755, EARLY) as buildroot,
    ):
        buildroot.create("/usr/bin/tool", (b"new",), 0o755, EARLY)
        buildroot.create("/usr/lib/new", (b"new",), 0o644, EARLY)
    assert snapshot(shared) == before


def test_what_root_may_date_is_dated_whoever_has_it(shared: Path) -> None:
    os.seteuid(0)
    for name in ("usr", "usr/lib"):
        os.chown(shared / name, 65534, 65534)
    overwrite(shared, EARLY)
    assert {date(shared / name) for name in (".", "usr", "usr/lib")} == {EARLY * 10**9}


def test_an_undone_run_leaves_another_users_root_as_it_was_but_for_dates(shared: Path) -> None:
    before = without_dates(snapshot(shared))
    with pytest.raises(KeyboardInterrupt) as caught, Buildroot(shared, 0o755) as buildroot:
        buildroot.create("/usr/lib/new/file", (b"new",), 0o644, EARLY)
        raise KeyboardInterrupt
    assert str(caught.value) == "the root is as it was, but for dates of directories of other users"
    assert without_dates(snapshot(shared)) == before
    assert os.listxattr(shared) == []


def test_what_a_dead_run_left_in_another_users_root_is_undone(shared: Path) -> None:
    before = without_dates(snapshot(shared))
    process = os.fork()
    if not process:
        with Buildroot(shared, 0o755) as buildroot:
            buildroot.create("/usr/lib/new/file", (b"new",), 0o644, EARLY)
            buildroot.replace("/usr/lib/old", (b"new",), 0o644, EARLY)
            os._exit(9)
    os.waitpid(process, 0)
    assert (shared / log.JOURNAL).exists()
    with Buildroot(shared, 0o755):
        pass
    assert without_dates(snapshot(shared)) == before


def test_a_file_that_another_user_keeps_is_refused_with_the_reason(shared: Path) -> None:
    os.seteuid(0)
    (shared / "usr/lib").chmod(0o1777)  # as /tmp is
    os.seteuid(65534)
    before = without_dates(snapshot(shared))
    with pytest.raises(StageError, match=r"Operation not permitted \(its owner alone may do this"):
        overwrite(shared)
    assert without_dates(snapshot(shared)) == before
