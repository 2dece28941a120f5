"""Images: layers applied in order, whiteouts honoured, as docker save and the OCI layout have them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from truewheel.errors import TargetDamaged
from truewheel.package.model import TargetKind
from truewheel.package.target import open_target


def layer(files: Mapping[str, bytes | None], links: Mapping[str, str] | None = None) -> bytes:
    """A layer; None is a directory, ``links`` are hard links."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE if data is None else tarfile.REGTYPE
            info.size = len(data or b"")
            tar.addfile(info, io.BytesIO(data or b""))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.LNKTYPE, target
            tar.addfile(info)
    return out.getvalue()


LAYERS = (
    layer(
        {
            "a": None,
            "a/kept": b"1",
            "a/gone": b"1",
            "a/changed": b"1",
            "o": None,
            "o/old": b"1",
            "d": None,
            "d/x": b"1",
        }
    ),
    layer(
        {
            "a": None,
            "a/.wh.gone": b"",
            "a/changed": b"2",
            "o": None,
            "o/.wh..wh..opq": b"",
            "o/new": b"2",
            "d": b"2",
        }
    ),
    layer({"l": None, "l/first": b"3"}, {"l/second": "l/first", "l/third": "l/first"}),
    layer({"l/.wh.first": b""}),
)
SEEN = {"a/kept": b"1", "a/changed": b"2", "o/new": b"2", "d": b"2", "l/second": b"3", "l/third": b""}


def saved(directory: Path) -> Path:
    files = {f"{number}/layer.tar": data for number, data in enumerate(LAYERS)}
    files["manifest.json"] = json.dumps([{"Config": "c.json", "Layers": list(files)}]).encode()
    path = directory / "image.tar"
    path.write_bytes(layer(files))
    return path


def laid_out(directory: Path) -> Path:
    blobs = directory / "oci/blobs/sha256"
    blobs.mkdir(parents=True)

    def blob(data: bytes) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    manifest = {"layers": [blob(gzip.compress(data)) for data in LAYERS]}
    index = {"manifests": [blob(json.dumps({"manifests": [blob(json.dumps(manifest).encode())]}).encode())]}
    (directory / "oci/index.json").write_text(json.dumps(index))
    (directory / "oci/oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return directory / "oci"


def packed(directory: Path) -> Path:
    tree = laid_out(directory)
    path = directory / "oci.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for each in sorted(tree.iterdir()):
            tar.add(each, each.name)
    return path


@pytest.mark.parametrize("make", [saved, laid_out, packed])
def test_a_container_sees_the_layers_in_order_without_what_is_hidden(make: object, tmp_path: Path) -> None:
    target = open_target(make(tmp_path))  # type: ignore[operator]
    assert target.kind is TargetKind.IMAGE
    members = [(each, each.read(100)) for each in target.members()]
    assert {each.path: data for each, data in members if each.kind.value == "file"} == SEEN
    repeats = {each.path: each.repeats for each, _ in members if each.repeats}
    assert repeats == {"l/third": "l/second"}


def test_a_layer_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(layer({"manifest.json": b'[{"Layers": ["gone.tar"]}]'}))
    with pytest.raises(TargetDamaged, match=r"image\.tar: lacks gone\.tar"):
        list(open_target(path).members())


@pytest.mark.parametrize("text", [b"[]", b"{}", b"null", b"[" * 100000, b'[{"Layers": 1}]', b"\xff"])
def test_a_manifest_that_makes_no_sense_is_one_line(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(layer({"manifest.json": text}))
    with pytest.raises(TargetDamaged, match="manifest"):
        list(open_target(path).members())
