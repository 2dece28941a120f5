"""Read an image as ``docker save`` and the OCI image layout write it: its layers applied in their order.

Sources: the OCI image specification (image layout, layer: whiteouts), Docker image specification v1.2.
"""

from __future__ import annotations

import json
import posixpath
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from truewheel.dataclass import dataclass, replace
from truewheel.errors import TargetDamaged
from truewheel.package.archive import tar_members
from truewheel.package.model import CHUNK, Member, MemberKind
from truewheel.package.streams import Bytes, Part, decompressed

_TEXT = 16 << 20  # bytes of a manifest
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"


@dataclass(frozen=True)
class Blob:
    """A file of an image: ``size`` bytes of ``file`` from ``offset`` on."""

    file: Path | BinaryIO
    offset: int
    size: int

    def text(self) -> Any:
        """Return the JSON document that it is."""
        if self.size > _TEXT:
            raise TargetDamaged(f"has a manifest of {self.size} bytes")
        with self.opened() as stream:
            data = Part(stream, self.offset, self.size).read()
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise TargetDamaged("has a manifest that is no JSON") from error

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the file that it is in."""
        if isinstance(self.file, Path):
            with self.file.open("rb") as stream:
                yield stream
        else:
            yield self.file


Blobs = Mapping[str, Blob]


def image_members(path: Path) -> Iterator[Member]:
    """Yield what a container of an image sees: the layers in order, whiteouts honoured.

    ``path`` is a tar file or the directory of an OCI layout. Where it has several images, the first one
    counts. Raises TargetDamaged for what is no image, or lacks a layer.
    """
    with open_blobs(path) as blobs:
        layers = _layers(blobs)
        links: list[dict[str, str]] = []
        winners: dict[str, int] = {}
        for number, layer in enumerate(layers):
            links.append(_apply(number, _stream(layer), winners))
        for number, layer in enumerate(layers):
            yield from _visible(number, _stream(layer), winners, links[number])


def is_image(names: Iterable[str]) -> bool:
    """Whether files of these names are those of an image."""
    return not {"manifest.json", "oci-layout"}.isdisjoint(names)


@contextmanager
def open_blobs(path: Path) -> Iterator[Blobs]:
    """Give the files of an image by their paths in it."""
    if path.is_dir():
        files = (each for each in path.rglob("*") if each.is_file() and not each.is_symlink())
        yield {str(each.relative_to(path)): Blob(each, 0, each.stat().st_size) for each in files}
        return
    with path.open("rb") as stream:
        if stream.read(262)[257:] == b"ustar":
            stream.seek(0)
            yield _index(stream)
            return
        stream.seek(0)
        with tempfile.TemporaryFile() as plain, decompressed(stream, path.stat().st_size) as unpacked:
            while piece := unpacked.read(CHUNK):
                plain.write(piece)
            plain.seek(0)
            yield _index(plain)


def _index(stream: BinaryIO) -> Blobs:
    """Return where the files of a plain tar archive are in it; links are docker's, from layer to layer."""
    blobs: dict[str, Blob] = {}
    reader = Bytes(stream, 1 << 62)
    for member in tar_members(reader):
        if member.kind is MemberKind.FILE and not member.repeats:
            blobs[member.path] = Blob(stream, reader.position, member.size)
        elif member.target or member.repeats:
            beside = posixpath.normpath(posixpath.join(posixpath.dirname(member.path), member.target))
            found = blobs.get(member.repeats or beside)
            if found:
                blobs[member.path] = found
    return blobs


def _layers(blobs: Blobs) -> list[Blob]:
    try:
        if "manifest.json" in blobs:
            names = [str(name) for name in blobs["manifest.json"].text()[0]["Layers"]]
        else:
            names = _oci_layers(blobs)
        return [blobs[name] for name in names]
    except KeyError as error:
        raise TargetDamaged(f"lacks {str(error.args[0])[:200]}, which is of the image") from error
    except (TypeError, IndexError) as error:
        raise TargetDamaged("has a manifest that describes no image") from error


def _oci_layers(blobs: Blobs) -> list[str]:
    manifest = blobs["index.json"].text()
    for _ in range(4):  # indexes of indexes
        if "layers" in manifest:
            return [blob_name(layer) for layer in manifest["layers"]]
        manifest = blobs[blob_name(manifest["manifests"][0])].text()
    raise TargetDamaged("has indexes of images in one another")


def blob_name(descriptor: Mapping[str, Any]) -> str:
    """Return the path of what a descriptor of an OCI layout names."""
    return "blobs/" + str(descriptor["digest"]).replace(":", "/", 1)


def _stream(layer: Blob) -> Iterator[Member]:
    with layer.opened() as file, decompressed(Part(file, layer.offset, layer.size), layer.size) as stream:
        yield from tar_members(stream)


def _apply(number: int, members: Iterator[Member], winners: dict[str, int]) -> dict[str, str]:
    """Apply a layer: each path's last layer in ``winners``; return its hard links and what they repeat."""
    links = {}
    hidden: list[str] = []
    own: dict[str, bool] = {}
    for member in members:
        directory, name = posixpath.split(member.path)
        if name == _OPAQUE:
            hidden.append(f"{directory}/" if directory else "")
        elif name.startswith(_WHITEOUT):
            hidden.append(posixpath.join(directory, name.removeprefix(_WHITEOUT)))
        else:
            own[member.path] = member.kind is MemberKind.DIRECTORY
            if member.repeats:
                links[member.path] = member.repeats
    hidden += [path for path, is_directory in own.items() if not is_directory and path in winners]
    _hide(winners, hidden)
    winners.update(dict.fromkeys(own, number))
    return links


def _hide(winners: dict[str, int], hidden: list[str]) -> None:
    """Remove what whiteouts and replaced paths hide, with all below."""
    if not hidden:
        return
    exact = set(hidden)
    gone = [
        path
        for path in winners
        if "" in exact or path in exact or any(above in exact for above in _above(path))
    ]
    for path in gone:
        del winners[path]


def _above(path: str) -> Iterator[str]:
    """Yield the directories above a path, each also as an opaque whiteout names it, with a slash."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
        yield f"{path}/"


def _visible(
    number: int, members: Iterator[Member], winners: Mapping[str, int], links: Mapping[str, str]
) -> Iterator[Member]:
    """Yield the members of a layer that no later layer hides.

    Where only hard links of a file are left, the first of them has the content.
    """
    heirs: dict[str, str] = {}
    for link, repeated in links.items():
        if winners.get(link) == number and winners.get(repeated) != number:
            heirs.setdefault(repeated, link)
    for member in members:
        if winners.get(member.path) == number:
            heir = heirs.get(member.repeats, "")
            if heir != member.path:
                yield replace(member, repeats=heir or member.repeats)
        elif member.path in heirs:
            yield replace(member, path=heirs[member.path], inode=member.path)
