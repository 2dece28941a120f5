"""Layers as programs write them, whole or cut off."""

from __future__ import annotations

import io
import tarfile

import pytest

from truewheel.buildroot.layer import Layer
from truewheel.errors import TargetDamaged


def archive(size: int) -> bytes:
    """A tar archive of one file."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as made:
        info = tarfile.TarInfo("a")
        info.size = size
        made.addfile(info, io.BytesIO(b"x" * size))
    return stream.getvalue()


def test_the_last_padding_may_lack() -> None:
    """As in layers of umoci 0.4."""
    data = archive(700)[: 512 + 700]
    with Layer(io.BytesIO(data), len(data)) as layer:
        assert b"".join(layer.chunks("a")) == b"x" * 700


@pytest.mark.parametrize("left", [699, 512, 100, 1])
def test_content_may_not_lack(left: int) -> None:
    data = archive(700)[: 512 + left]
    with pytest.raises(TargetDamaged, match="unexpected end of data"):
        Layer(io.BytesIO(data), len(data))
