"""Tell in a wheel which rpm package it is from: a software bill of materials (PEP 770), listed in RECORD."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

from truewheel.errors import RefusedInput, StageError, UsageError
from truewheel.record import digest_text, read_rows, write_rows
from truewheel.wheel.reader import read_wheel

_NAME = "sboms/bom.json"
_PURL = re.compile(r"pkg:rpm/[^/@?#]+/(?P<name>[^/@?#]+)@(?P<version>[^/@?#]+)(\?[^#]*)?")


def bill_of_materials(purl: str) -> bytes:
    """Return a CycloneDX document of one component, which ``purl`` (a package URL of type rpm) names.

    Raises UsageError for another kind of text.
    """
    parts = _PURL.fullmatch(purl)
    if parts is None:
        raise UsageError(
            "is not a package URL of an rpm", subject=purl, hint="write pkg:rpm/VENDOR/NAME@VERSION-RELEASE"
        )
    component = {
        "type": "library",
        "name": unquote(parts["name"]),
        "version": unquote(parts["version"]),
        "purl": purl,
    }
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [component]}
    return (json.dumps(document, indent=2) + "\n").encode()


def inject_sbom(paths: Iterable[Path], document: bytes) -> None:
    """Write ``document`` into the dist-info directory of each wheel, as ``sboms/bom.json``, in place.

    Modes and dates of its entries stay. Raises WheelRefused for what is no wheel and RefusedInput for a wheel
    that has such a file, before the first one is written; StageError if one cannot be.
    """
    made = {path: _with_document(path, document) for path in paths}
    for path, content in made.items():
        _replace(path, content)


def _with_document(path: Path, document: bytes) -> bytes:
    dist_info = read_wheel(path).dist_info
    name, record = f"{dist_info}/{_NAME}", f"{dist_info}/RECORD"
    made = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w") as new:
        if name in old.namelist():
            raise RefusedInput("has a bill of materials already", subject=f"{path}: {name}")
        for info in old.infolist():
            if info.filename != record:
                new.writestr(copy.copy(info), old.read(info))
        info = old.getinfo(record)
        rows = read_rows(old.read(info).decode("utf-8"))
        digest = f"sha256={digest_text(hashlib.sha256(document).digest())}"
        added = copy.copy(info)
        added.filename = name
        new.writestr(added, document)
        new.writestr(
            copy.copy(info), write_rows([*rows[:-1], [name, digest, str(len(document))], *rows[-1:]])
        )
    return made.getvalue()


def _replace(path: Path, content: bytes) -> None:
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".truewheel-") as directory:
            new = Path(directory, path.name)
            new.write_bytes(content)
            new.chmod(path.stat().st_mode & 0o7777)
            new.replace(path)
    except OSError as error:
        raise StageError(f"cannot be written: {error.strerror}", subject=str(path)) from error
