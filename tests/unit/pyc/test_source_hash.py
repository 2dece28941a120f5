"""The hash of a source is that of the Python that wrote the pyc, whichever Python computes it."""

from __future__ import annotations

import struct
from importlib.util import MAGIC_NUMBER
from importlib.util import source_hash as own_hash

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truewheel.pyc import source_hash as module
from truewheel.pyc.source_hash import source_hash

SOURCE = b"hello world, this is a source"


@pytest.mark.parametrize(
    ("magic", "digest"),
    # what _imp.source_hash of each Python says, with its magic number
    [(3413, "6845c02d8329c119"), (3495, "0ec2f035bc7c4dde"), (3571, "52ee16ec26847570")],
)
@pytest.mark.parametrize("own", [False, True])
def test_hashes_are_those_of_each_python(
    magic: int, digest: str, own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not own:  # as if this Python had neither
        monkeypatch.setattr(module, "_OWN", None)
    assert source_hash(struct.pack("<HBB", magic, 13, 10), SOURCE).hex() == digest


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_ours_is_that_of_this_python(source: bytes) -> None:
    newer = module._OWN
    key = int.from_bytes(MAGIC_NUMBER, "little")
    made = module._siphash(key, source, 1 if newer else 2, 3 if newer else 4)
    assert made == own_hash(source) == source_hash(MAGIC_NUMBER, source)
