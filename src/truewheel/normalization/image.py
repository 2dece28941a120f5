"""Normalize a layer or an image into a new file: layers, configuration and manifests, whose digests follow.

Sources: the OCI image specification (layout, manifest, config), Docker image specification v1.2.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO, Any

from truewheel.audit.normalize.model import Change, Entry, Normalized
from truewheel.buildroot.layer import Layer, LayerOutput, Stat
from truewheel.dataclass import replace
from truewheel.environment import default_jobs
from truewheel.errors import TargetDamaged, UsageError
from truewheel.normalization.content import Normalizer
from truewheel.normalization.layer import LayerFiles, layer_entries, normalize_layer, write_layer
from truewheel.normalization.owned import Owned, owned_paths
from truewheel.normalization.tree import NormalizeRequest, normalized, pythons_at_hand
from truewheel.package.image import Blob, Blobs, blob_name, is_image, open_blobs
from truewheel.package.model import CHUNK, MemberKind
from truewheel.package.streams import Part

_CREATED = "org.opencontainers.image.created"
_GZIP = b"\x1f\x8b"
_RFC3339 = "%Y-%m-%dT%H:%M:%SZ"


def normalize_archive(
    request: NormalizeRequest, output: Path | None, environ: Mapping[str, str]
) -> Normalized:
    """Normalize the tar file of a layer, an image as ``docker save`` writes it, or an OCI layout.

    ``output`` is a new file, or a new directory for a layout that is one; None with ``check``. Raises
    TargetDamaged for what is damaged, UsageError for what cannot be read or written.
    """
    if output is not None and os.path.lexists(output):
        raise UsageError("is there already", subject=os.fspath(output), hint="name a file that is not")
    try:
        with ExitStack() as stack:
            work = _Work(request, default_jobs(environ) if request.jobs is None else request.jobs, stack)
            blobs = _blobs(request.target, stack)
            made = work.layer_alone() if blobs is None else work.image(blobs)
            if output is not None:
                _write(made, output, request.target.is_dir(), blobs is None)
        return work.summary()
    except (TargetDamaged, UsageError) as error:
        error.subject = error.subject or os.fspath(request.target)
        raise
    except OSError as error:
        name = os.fspath(output if output is not None else request.target)
        raise UsageError(f"cannot be written: {error.strerror or error}", subject=name) from error


def _blobs(path: Path, stack: ExitStack) -> Blobs | None:
    """Return the files of an image; None for a layer alone."""
    try:
        blobs = stack.enter_context(open_blobs(path))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", subject=os.fspath(path)) from error
    return blobs if is_image(blobs) else None


class _Work:
    """Normalizes layers in their order, and makes the documents that name them."""

    def __init__(self, request: NormalizeRequest, jobs: int, stack: ExitStack) -> None:
        self._request = request
        self._options = request.options
        self._jobs = jobs
        self._stack = stack
        self._runs: list[tuple[str, Normalizer]] = []
        self._layers: dict[str, _NewLayer] = {}
        self._dated: set[Change] = set()

    def layer_alone(self) -> dict[str, _Content]:
        """Return a layer by itself."""
        path = self._request.target
        size = path.stat().st_size
        with path.open("rb") as stream:
            is_packed = stream.read(2) == _GZIP
            stream.seek(0)
            layer = self._stack.enter_context(Layer(stream, size))
        self._options = replace(self._options, strays=False)  # their sources may be in a layer below
        made = self._normalize({"": layer})[""]
        return {"": made.packed if is_packed else made.plain}

    def image(self, blobs: Blobs) -> dict[str, _Content]:
        """Return the files of an image."""
        return self._docker(blobs) if "manifest.json" in blobs else self._layout(blobs)

    def summary(self) -> Normalized:
        """Return what was done to all layers."""
        changes, findings = sorted(self._dated, key=lambda each: each.path), []
        for name, run in self._runs:
            above = f"{name[:12]}/" if len(self._runs) > 1 else ""
            changes += [Change(above + (path or "."), run.changes[path]) for path in sorted(run.changes)]
            findings += [Change(above + each.path, each.what) for each in run.findings]
        counts = sum((run.counts for _, run in self._runs), Counter[str]())
        compiled = (each for _, run in self._runs for each in run.compiled)
        return normalized(changes, findings, counts, compiled)

    def _docker(self, blobs: Blobs) -> dict[str, _Content]:
        try:
            images = blobs["manifest.json"].text()
            out: dict[str, _Content] = {}
            manifest = []
            for image in images:
                layers = self._all({str(name): blobs[str(name)] for name in image["Layers"]})
                new = [layers[str(name)].plain for name in image["Layers"]]
                config = _Text(_dumped(self._config(blobs[str(image["Config"])].text(), new)))
                name = f"{config.digest}.json"
                out |= {name: config, **{f"{each.digest}.tar": each for each in new}}
                names = [f"{each.digest}.tar" for each in new]
                manifest.append({"Config": name, "RepoTags": image.get("RepoTags"), "Layers": names})
            return {**out, "manifest.json": _Text(_dumped(manifest))}
        except (KeyError, TypeError, AttributeError) as error:
            raise _no_image(error) from error

    def _layout(self, blobs: Blobs) -> dict[str, _Content]:
        try:
            out: dict[str, _Content] = {"oci-layout": _Text(_dumped(blobs["oci-layout"].text()))}
            index = blobs["index.json"].text()
            index["manifests"] = [self._manifest(blobs, each, out) for each in index["manifests"]]
            return {**out, "index.json": _Text(_dumped(index))}
        except (KeyError, TypeError, AttributeError) as error:
            raise _no_image(error) from error

    def _manifest(
        self, blobs: Blobs, descriptor: dict[str, Any], out: dict[str, _Content], depth: int = 0
    ) -> dict[str, Any]:
        """Add a manifest, or an index of them, and what it names to ``out``; return its new descriptor."""
        document = blobs[blob_name(descriptor)].text()
        if depth > 4:
            raise TargetDamaged("has indexes of images in one another")
        if "manifests" in document:
            document["manifests"] = [
                self._manifest(blobs, each, out, depth + 1) for each in document["manifests"]
            ]
        elif all("tar" in str(layer.get("mediaType")) for layer in document["layers"]):
            self._new_manifest(blobs, document, out)
        else:  # what describes an image, as attestations do
            for each in (document["config"], *document["layers"]):
                out[blob_name(each)] = _Old(blobs[blob_name(each)])
        self._date(document)
        return {**descriptor, **_add(out, _Text(_dumped(document)))}

    def _new_manifest(self, blobs: Blobs, document: dict[str, Any], out: dict[str, _Content]) -> None:
        layers = self._all({blob_name(each): blobs[blob_name(each)] for each in document["layers"]})
        plain = [layers[blob_name(each)].plain for each in document["layers"]]
        config = self._config(blobs[blob_name(document["config"])].text(), plain)
        document["config"] = {**document["config"], **_add(out, _Text(_dumped(config)))}
        new = []
        for each in document["layers"]:
            made, kind = layers[blob_name(each)], str(each["mediaType"])
            packed = kind.endswith(("gzip", "zstd"))
            described = {**each, **_add(out, made.packed if packed else made.plain)}
            new.append({**described, "mediaType": kind.replace("zstd", "gzip")})
        document["layers"] = new

    def _config(self, config: dict[str, Any], layers: list[_File]) -> dict[str, Any]:
        """Return the configuration of an image with the digests of its new layers, and older dates."""
        config["rootfs"]["diff_ids"] = [f"sha256:{layer.digest}" for layer in layers]
        for each in (config, *config.get("history", ())):
            if "created" in each:
                self._clamp(each, "created", "(configuration)")
        config.pop("container", None)  # the name of a container of the build
        return config

    def _date(self, document: dict[str, Any]) -> None:
        notes = document.get("annotations") or {}
        if _CREATED in notes:
            self._clamp(notes, _CREATED, "(manifest)")

    def _clamp(self, document: dict[str, Any], key: str, name: str) -> None:
        before = document[key]
        document[key] = clamped(str(before), self._options.date)
        if document[key] != before:
            self._dated.add(Change(name, "date"))

    def _all(self, blobs: dict[str, Blob]) -> dict[str, _NewLayer]:
        """Normalize the layers of one image; return them by name."""
        if not blobs.keys() <= self._layers.keys():
            opened = {}
            for name, blob in blobs.items():
                with blob.opened() as file:
                    part = Part(file, blob.offset, blob.size)
                    opened[name] = self._stack.enter_context(Layer(part, blob.size))
            self._layers |= self._normalize(opened)
        return {name: self._layers[name] for name in blobs}

    def _normalize(self, layers: Mapping[str, Layer]) -> dict[str, _NewLayer]:
        subject = os.fspath(self._request.target)
        owned = Owned() if self._request.everything else _owned(layers, subject)
        below: list[LayerFiles] = []
        lower: dict[str, Entry] = {}
        found = {}
        for name, layer in layers.items():
            files = LayerFiles(layer, tuple(below))
            self._stack.callback(files.close)
            entries = layer_entries(layer, owned)
            interpreters = pythons_at_hand(entries, files, self._request)
            run = normalize_layer(entries, files, lower, self._options, interpreters, self._jobs)
            found[name] = _NewLayer(run, files, self._stack)
            self._runs.append((name.rpartition("/")[2], run))
            below.append(files)
            lower |= {path: entry for path, entry in entries.items() if path not in run.gone}
        return found


def _owned(layers: Mapping[str, Layer], subject: str) -> Owned:
    """Return what the databases in any of the layers list."""
    found = Owned()
    for layer in layers.values():
        files = [path for path in layer.stats if layer.kind(path) is MemberKind.FILE]
        found |= owned_paths(subject, files, partial(_content, layer))
    return found


def _content(layer: Layer, path: str) -> bytes:
    return b"".join(layer.chunks(path))


class _Content:
    """What is written in one place: ``digest`` is its sha256 in hex, ``size`` in bytes."""

    digest: str
    size: int

    def copy(self, stream: IO[bytes]) -> None:
        """Write it to a stream."""
        raise NotImplementedError


class _Text(_Content):
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.digest = hashlib.sha256(data).hexdigest()
        self.size = len(data)

    def copy(self, stream: IO[bytes]) -> None:
        stream.write(self._data)


class _Old(_Content):
    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        self.size = blob.size

    def copy(self, stream: IO[bytes]) -> None:
        with self._blob.opened() as file:
            part = Part(file, self._blob.offset, self._blob.size)
            while piece := part.read(CHUNK):
                stream.write(piece)


class _File(_Content):
    def __init__(self, file: IO[bytes], digest: str, size: int) -> None:
        self._file = file
        self.digest = digest
        self.size = size

    def copy(self, stream: IO[bytes]) -> None:
        self._file.seek(0)
        shutil.copyfileobj(self._file, stream, CHUNK)


class _NewLayer:
    """A layer that was normalized, plain and compressed."""

    def __init__(self, run: Normalizer, files: LayerFiles, stack: ExitStack) -> None:
        self._stack = stack
        file = stack.enter_context(tempfile.TemporaryFile())
        output = LayerOutput(file)
        write_layer(run, files, output)
        self.plain = _File(file, output.digest, output.size)
        self._packed: _File | None = None

    @property
    def packed(self) -> _File:
        """The layer compressed by gzip, without a date in it."""
        if self._packed is None:
            file = self._stack.enter_context(tempfile.TemporaryFile())
            with gzip.GzipFile("", "wb", 6, file, 0) as stream:
                self.plain.copy(stream)  # type: ignore[arg-type]
            size = file.tell()
            file.seek(0)
            digest = hashlib.sha256()
            while piece := file.read(CHUNK):
                digest.update(piece)
            self._packed = _File(file, digest.hexdigest(), size)
        return self._packed


def clamped(created: str, date: int) -> str:
    """Return a date of RFC 3339, or ``date``, in seconds since the epoch, where that is earlier."""
    latest = time.strftime(_RFC3339, time.gmtime(date))
    try:
        whole = time.strptime(created[:19], _RFC3339[:-1])
    except ValueError:
        return latest
    return created if created.endswith("Z") and time.strftime(_RFC3339, whole) < latest else latest


def _add(out: dict[str, _Content], content: _Content) -> dict[str, Any]:
    out[f"blobs/sha256/{content.digest}"] = content
    return {"digest": f"sha256:{content.digest}", "size": content.size}


def _dumped(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode("utf-8")


def _no_image(error: Exception) -> TargetDamaged:
    if isinstance(error, KeyError):
        return TargetDamaged(f"lacks {str(error.args[0])[:200]}, which is of the image")
    return TargetDamaged("has a manifest that describes no image")


def _write(made: Mapping[str, _Content], output: Path, as_directory: bool, alone: bool) -> None:
    """Write everything under another name, which then becomes ``output``."""
    new = output.with_name(f".{output.name}.new")
    try:
        if as_directory:
            _write_directory(made, new)
        else:
            with new.open("wb") as stream:
                made[""].copy(stream) if alone else _write_archive(made, stream)
        new.rename(output)
    finally:
        if as_directory:
            shutil.rmtree(new, ignore_errors=True)
        else:
            new.unlink(missing_ok=True)


def _write_directory(made: Mapping[str, _Content], new: Path) -> None:
    for name, content in made.items():
        path = new / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            content.copy(stream)


def _write_archive(made: Mapping[str, _Content], stream: IO[bytes]) -> None:
    archive = LayerOutput(stream)
    for name in sorted(made):
        with tempfile.TemporaryFile() as file:
            made[name].copy(file)
            file.seek(0)
            stat = Stat(tarfile.REGTYPE, 0o644, 0, 0, "", "", 0)
            archive.member(name, stat, made[name].size, iter(lambda: file.read(CHUNK), b""))
    archive.end()
