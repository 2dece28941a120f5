"""Digests are those of hashlib, whichever library makes them."""

from __future__ import annotations

import hashlib

import pytest

from truewheel import hashes

CONTENTS = (b"", b"a", b"a" * 55, b"a" * 64, bytes(range(256)) * 1000)


@pytest.mark.parametrize("left", [0, 1 << 18])
@pytest.mark.parametrize("content", CONTENTS, ids=len)
def test_a_digest_is_that_of_hashlib(content: bytes, left: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "_left", left)
    wanted = hashlib.sha256(content)
    assert hashes.sha256(content).hexdigest() == wanted.hexdigest()
    assert hashes.sha256(content).digest() == wanted.digest()
    streamed = hashes.sha256()
    streamed.update(content)
    assert streamed.digest() == wanted.digest()
    assert hashes.new("sha512", content).digest() == hashlib.sha512(content).digest()


def test_a_python_with_the_digests_of_openssl_alone_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "_small", None)
    assert hashes.sha256(b"a").digest() == hashlib.sha256(b"a").digest()


def test_openssl_makes_the_digests_of_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "_left", 100)
    made = [type(hashes.sha256(b"a" * 60)) for _ in range(3)]
    assert made[1:] == [type(hashlib.sha256())] * 2
