"""Layers and images become a function of their sources: docker archives, OCI layouts, tar files of layers."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.needs import require
from tests.treehash import tree_listing
from tests.unit.normalization.test_tree import EPOCH, SITE, TAG, VERSION, made
from truewheel.cli.main import main
from truewheel.pyc.stream import file_names


@pytest.fixture(autouse=True)
def epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(EPOCH))


def layer(tmp_path: Path, second: bool = False, extra: list[tarfile.TarInfo] | None = None) -> bytes:
    """The layer that an installer leaves, its members in an order of the file system."""
    root = made(tmp_path / f"root{second}" / "usr", second).parent
    (root / "usr/lib/copy.py").hardlink_to(root / "usr" / SITE / "pkg/m.py")
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        paths = sorted(root.rglob("*"), reverse=second)
        for path in sorted(paths, key=lambda path: not path.is_dir()):
            archive.add(path, str(path.relative_to(root)), recursive=False)
        for info in extra or []:
            archive.addfile(info)
    return stream.getvalue()


def member(name: str, **fields: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for key, value in {"mtime": EPOCH + 9, **fields}.items():
        setattr(info, key, value)
    return info


def normalize(one: Path, other: Path, *words: str) -> int:
    return main(["normalize", str(one), "-o", str(other), "--jobs", "1", "--quiet", *words])


def members(data: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {info.name: info for info in archive}


def content(data: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        stream = archive.extractfile(name)
        assert stream is not None
        return stream.read()


def test_two_layers_become_one(tmp_path: Path) -> None:
    made_of = []
    for second in (False, True):
        (tmp_path / f"{second}.tar").write_bytes(layer(tmp_path, second))
        assert normalize(tmp_path / f"{second}.tar", tmp_path / f"{second}.new") == 0
        made_of.append((tmp_path / f"{second}.new").read_bytes())
    assert made_of[0] == made_of[1]
    found = members(made_of[0])
    assert list(found) == sorted(found)
    assert {info.mtime for info in found.values()} == {EPOCH}
    assert found[f"usr/{SITE}/pkg/m.py"].mode == 0o644
    pyc = content(made_of[0], f"usr/{SITE}/pkg/__pycache__/m.{TAG}.pyc")
    assert file_names(pyc[16:], VERSION) == (f"/usr/{SITE}/pkg/m.py",)
    assert normalize(tmp_path / "True.new", tmp_path / "again") == 0
    assert (tmp_path / "again").read_bytes() == made_of[0]


def test_what_a_layer_has_is_kept(tmp_path: Path) -> None:
    long, odd = "d/" + "x" * 150, "d/\u00e9\udcff"
    extra = [
        member("d", type=tarfile.DIRTYPE, mode=0o1777),
        member("d/.wh.gone"),
        member("d/.wh..wh..opq"),
        member("d/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
        member("d/fifo", type=tarfile.FIFOTYPE),
        member("d/link", type=tarfile.SYMTYPE, linkname="y" * 120),
        member("d/set", mode=0o6711, uid=3_000_000, gid=7, uname="someone"),
        member("d/cap", pax_headers={"SCHILY.xattr.security.capability": "\1\0\0\2\0\udcff"}),
        member(long, pax_headers={"mtime": "1800000000.5", "comment": "x"}),
        member(odd),
        member("d/twice", mode=0o600),
        member("d/twice", mode=0o640),
    ]
    (tmp_path / "a.tar").write_bytes(layer(tmp_path, extra=extra))
    assert normalize(tmp_path / "a.tar", tmp_path / "b.tar") == 0
    found = members((tmp_path / "b.tar").read_bytes())
    assert {"d/.wh.gone", "d/.wh..wh..opq", long, odd} <= set(found)
    assert (found["d/null"].type, found["d/null"].devmajor, found["d/null"].devminor) == (
        tarfile.CHRTYPE,
        1,
        3,
    )
    assert found["d/fifo"].type == tarfile.FIFOTYPE
    assert found["d/link"].linkname == "y" * 120
    assert (found["d/set"].mode, found["d/set"].uid, found["d/set"].uname) == (0o6711, 3_000_000, "someone")
    assert found["d/cap"].pax_headers["SCHILY.xattr.security.capability"] == "\1\0\0\2\0\udcff"
    assert set(found[long].pax_headers) == {"path"}
    assert (found["d"].mode, found["d/twice"].mode) == (0o1777, 0o640)
    links = [info for info in found.values() if info.islnk()]
    assert [(info.name, info.linkname) for info in links] == [(f"usr/{SITE}/pkg/m.py", "usr/lib/copy.py")]
    listed = subprocess.run(["tar", "-tf", tmp_path / "b.tar"], capture_output=True, check=True)
    assert not listed.stderr


def docker_archive(path: Path, layers: list[bytes], created: str) -> None:
    digests = [hashlib.sha256(data).hexdigest() for data in layers]
    config = json.dumps({
        "created": created, "architecture": "amd64", "os": "linux", "container": created,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        "history": [{"created": created, "created_by": "x"} for _ in digests],
    }).encode()  # fmt: skip
    names = [f"{digest}/layer.tar" for digest in digests]
    manifest = [{"Config": "config.json", "RepoTags": ["app:1"], "Layers": names}]
    with tarfile.open(path, "w") as archive:
        files = [*zip(names, layers, strict=True), ("config.json", config)]
        for name, data in [*files, ("manifest.json", json.dumps(manifest).encode())]:
            archive.addfile(member(name, size=len(data)), io.BytesIO(data))


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def oci_layout(path: Path, layers: list[bytes], created: str) -> None:
    blobs = path / "blobs/sha256"
    blobs.mkdir(parents=True)

    def put(data: bytes, kind: str) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {
            "mediaType": f"application/vnd.oci.image.{kind}",
            "digest": f"sha256:{digest}",
            "size": len(data),
        }

    config = {
        "created": created, "architecture": "amd64", "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [digest(each) for each in layers]},
    }  # fmt: skip
    manifest = {
        "schemaVersion": 2,
        "config": put(json.dumps(config).encode(), "config.v1+json"),
        "layers": [put(gzip.compress(each), "layer.v1.tar+gzip") for each in layers],
        "annotations": {"org.opencontainers.image.created": created},
    }
    index = {"schemaVersion": 2, "manifests": [put(json.dumps(manifest).encode(), "manifest.v1+json")]}
    (path / "index.json").write_text(json.dumps(index))
    (path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


def test_two_docker_archives_become_one(tmp_path: Path) -> None:
    found = []
    for second in (False, True):
        image = tmp_path / f"{second}.tar"
        docker_archive(image, [layer(tmp_path, second)], f"202{4 + second}-05-06T07:08:09.{second + 1}Z")
        assert normalize(image, tmp_path / f"{second}.new") == 0
        found.append((tmp_path / f"{second}.new").read_bytes())
    assert found[0] == found[1]
    (item,) = json.loads(content(found[0], "manifest.json"))
    assert item["RepoTags"] == ["app:1"]
    data = content(found[0], item["Layers"][0])
    config = json.loads(content(found[0], item["Config"]))
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(data).hexdigest()}"]
    assert config["created"] == config["history"][0]["created"] == "2023-11-14T22:13:20Z"
    assert item["Config"] == hashlib.sha256(content(found[0], item["Config"])).hexdigest() + ".json"


def files_of(path: Path) -> dict[str, bytes]:
    return {str(each.relative_to(path)): each.read_bytes() for each in path.rglob("*") if each.is_file()}


def test_two_oci_layouts_become_one(tmp_path: Path) -> None:
    found = []
    for second in (False, True):
        image = tmp_path / f"image{second}"
        oci_layout(image, [layer(tmp_path, second)], f"202{4 + second}-05-06T07:08:09Z")
        assert normalize(image, tmp_path / f"new{second}") == 0
        found.append(files_of(tmp_path / f"new{second}"))
    assert found[0] == found[1]
    for name, data in found[0].items():
        if name.startswith("blobs/"):
            assert name == f"blobs/sha256/{hashlib.sha256(data).hexdigest()}"
    (descriptor,) = json.loads(found[0]["index.json"])["manifests"]
    manifest = json.loads(found[0][descriptor["digest"].replace("sha256:", "blobs/sha256/")])
    blob = found[0][manifest["layers"][0]["digest"].replace("sha256:", "blobs/sha256/")]
    config = json.loads(found[0][manifest["config"]["digest"].replace("sha256:", "blobs/sha256/")])
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(gzip.decompress(blob)).hexdigest()}"]
    assert manifest["layers"][0]["size"] == len(blob)


def test_bytecode_of_a_source_in_a_layer_below(tmp_path: Path) -> None:
    whole = layer(tmp_path)
    below, above = io.BytesIO(), io.BytesIO()
    for stream, wanted in ((below, False), (above, True)):
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for name, info in members(whole).items():
                if name.endswith(".pyc") == wanted and not info.isdir():
                    data = content(whole, name)
                    archive.addfile(member(name, size=len(data), mtime=info.mtime), io.BytesIO(data))
    docker_archive(tmp_path / "image.tar", [below.getvalue(), above.getvalue()], "2024-05-06T07:08:09Z")
    assert normalize(tmp_path / "image.tar", tmp_path / "new.tar") == 0
    data = (tmp_path / "new.tar").read_bytes()
    (item,) = json.loads(content(data, "manifest.json"))
    pyc = content(content(data, item["Layers"][1]), f"usr/{SITE}/pkg/__pycache__/m.{TAG}.pyc")
    assert file_names(pyc[16:], VERSION) == (f"/usr/{SITE}/pkg/m.py",)
    assert pyc[4] == 3


def test_what_is_not_normalized_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cut.tar").write_bytes(layer(tmp_path)[:5000])
    (tmp_path / "no.tar").write_bytes(b"nothing" * 200)
    docker_archive(tmp_path / "image.tar", [b"nothing" * 200], "x")
    (tmp_path / "there").write_text("")
    good = tmp_path / "good.tar"
    good.write_bytes(layer(tmp_path, True))
    for one, other in (
        ("cut.tar", "out"), ("no.tar", "out"), ("image.tar", "out"), ("missing", "out"),
        ("good.tar", "there"), ("good.tar", "missing/out"),
    ):  # fmt: skip
        assert normalize(tmp_path / one, tmp_path / other) == 2, one
        said = capsys.readouterr()
        assert said.err.count("\n") == 1, said.err
        assert f"{tmp_path / one if one != 'good.tar' else tmp_path / other}: " in said.err
        assert ("missing: cannot be read" in said.err) == (one == "missing")
        assert not (tmp_path / "out").exists()
        assert not list(tmp_path.glob(".*"))
    assert main(["normalize", str(good)]) == 2
    assert main(["normalize", str(good), "--check"]) == 1


def test_compressed_layer_stays_compressed_without_a_date(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(layer(tmp_path)))
    assert normalize(tmp_path / "a.tar.gz", tmp_path / "b.tar.gz", "--check") in (0, 1)
    assert not (tmp_path / "b.tar.gz").exists()
    assert normalize(tmp_path / "a.tar.gz", tmp_path / "b.tar.gz") == 0
    data = (tmp_path / "b.tar.gz").read_bytes()
    assert data[:2] == b"\x1f\x8b"
    assert data[4:8] == bytes(4)
    assert os.listdir(tmp_path)


def test_check_of_a_layer_counts_modes_dates_and_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def check(*infos: tarfile.TarInfo) -> list[str]:
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for info in infos:
                archive.addfile(info)
        (tmp_path / "a.tar").write_bytes(stream.getvalue())
        assert main(["normalize", str(tmp_path / "a.tar"), "--check", "-q"]) == 1
        return capsys.readouterr().out.splitlines()

    old = {"mtime": 5}
    assert check(member("a"), member("b", **old)) == ["a: mode or date"]
    assert check(member("b", **old), member("a", **old)) == [".: the order or the headers of its members"]
    assert normalize(tmp_path / "a.tar", tmp_path / "b.tar") == 0
    assert main(["normalize", str(tmp_path / "b.tar"), "--check"]) == 0


@pytest.mark.parametrize("form", ["docker", "oci"])
def test_check_of_an_image_counts_its_dates(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make = docker_archive if form == "docker" else oci_layout
    make(tmp_path / "a", [layer(tmp_path)], "2033-01-01T00:00:00Z")
    assert main(["normalize", str(tmp_path / "a"), "--check"]) == 1
    dates = [line for line in capsys.readouterr().out.splitlines() if line.startswith("(")]
    assert dates == ["(configuration): date", "(manifest): date"][: 1 + (form == "oci")]
    assert normalize(tmp_path / "a", tmp_path / "b") == 0
    assert main(["normalize", str(tmp_path / "b"), "--check"]) == 0


def with_rpm(root: Path, *paths: str) -> None:
    """A root whose database of rpm has a package with these files of it."""
    require("rpm", "rpmbuild")
    top = root.parent / "rpmbuild"
    copied = "\n".join(f"install -D -m 644 '{root}{path}' '%{{buildroot}}{path}'" for path in paths)
    top.mkdir()
    (top / "x.spec").write_text(
        "Name: x\nVersion: 1\nRelease: 1\nSummary: x\nLicense: MIT\nBuildArch: noarch\nAutoReqProv: no\n"
        f"%description\nx\n%install\n{copied}\n%files\n" + "\n".join(paths) + "\n"
    )
    defines = ["--define", f"_topdir {top}", "--define", "__os_install_post %{nil}"]
    subprocess.run(["rpmbuild", "-bb", *defines, top / "x.spec"], check=True, capture_output=True)
    (package,) = top.rglob("*.rpm")
    database = root / "usr/lib/sysimage/rpm"
    install: list[str | Path] = [
        "rpm",
        "--root",
        root,
        "--dbpath",
        "/usr/lib/sysimage/rpm",
        "--justdb",
        "--nodeps",
        "-i",
    ]
    subprocess.run([*install, package], check=True, capture_output=True)
    assert list(database.iterdir())


def test_files_of_rpm_are_left_alone_in_images_and_roots(tmp_path: Path) -> None:
    root = made(tmp_path / "root/usr").parent
    mine = f"usr/{SITE}/pkg/m.py"
    with_rpm(root, f"/{mine}")
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(root, ".")
    assert normalize(tmp_path / "a.tar", tmp_path / "b.tar") == 0
    found = members((tmp_path / "b.tar").read_bytes())
    assert (found[mine].mtime, found[mine.replace("m.py", "__init__.py")].mtime) == (EPOCH + 5, EPOCH)
    assert normalize(tmp_path / "a.tar", tmp_path / "c.tar", "--all") == 0
    assert members((tmp_path / "c.tar").read_bytes())[mine].mtime == EPOCH
    assert main(["normalize", str(root), "-q", "-j", "1"]) == 0
    assert ((root / mine).stat().st_mtime, (root / mine).with_name("__init__.py").stat().st_mtime) == (
        EPOCH + 5,
        EPOCH,
    )


def test_a_damaged_database_of_rpm_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require("rpm")
    root = made(tmp_path / "root/usr").parent
    database = root / "var/lib/rpm/rpmdb.sqlite"
    database.parent.mkdir(parents=True)
    database.write_bytes(b"x" * 5000)
    before = tree_listing(root)
    assert main(["normalize", str(root)]) == 2
    assert "has a database of rpm's, and rpm cannot read it: " in capsys.readouterr().err
    assert tree_listing(root) == before
