"""Give the entries of a built wheel the two modes that an install knows, in place."""

from __future__ import annotations

import stat
import struct
import zipfile
from pathlib import Path

_HEADER = 46  # bytes of a central directory header before its name (APPNOTE 4.3.12)
_MADE_BY_UNIX = 3


def normalise_modes(wheel: Path) -> None:
    """Set the mode of each regular entry to 0755 where its owner may execute it, else to 0644.

    Some backends copy the modes of the sources, which a umask or a checkout decides. What is no ZIP archive
    is left alone: reading it will say so.
    """
    with wheel.open("r+b") as stream:
        try:
            with zipfile.ZipFile(stream) as archive:
                offset, infos = archive.start_dir, archive.infolist()
        except (zipfile.BadZipFile, ValueError, OSError):
            return
        for info in infos:
            stream.seek(offset)
            header = stream.read(_HEADER)
            lengths = struct.unpack_from("<HHH", header, 28)
            mode = info.external_attr >> 16
            if info.create_system == _MADE_BY_UNIX and stat.S_ISREG(mode):
                wanted = stat.S_IFREG | (0o755 if mode & stat.S_IXUSR else 0o644)
                stream.seek(offset + 38)
                stream.write(struct.pack("<I", wanted << 16 | info.external_attr & 0xFFFF))
            offset += _HEADER + sum(lengths)
