"""Whether a source compiles is found out in another process, whatever the source does to it."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from truewheel.audit import trial
from truewheel.audit.trial import Trial


def test_a_source_is_tried_by_the_grammar_of_its_python() -> None:
    with Trial() as tried:
        assert tried.compiles(b"x = 1\n", (3, 7))
        assert tried.compiles(b"# -*- coding: latin-1 -*-\nx = '\xe4'\n", (3, 11))
        assert not tried.compiles(b"match x:\n    case 1: pass\n", (3, 9))
        assert not tried.compiles(b"print 'x'\n", (3, 11))
        assert not tried.compiles(b"return\n", sys.version_info[:2])
        assert not tried.compiles(b"\0", (3, 11))
        assert not tried.compiles(b"(" * 10_000, (3, 11))


def test_a_source_that_ends_or_holds_the_process_does_not_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(source: bytes, *_: object, **__: object) -> object:
        if source == b"crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if source == b"hang":
            time.sleep(60)
        return compile(source, "x", "exec", 1 << 10)

    monkeypatch.setattr("ast.parse", parse)
    monkeypatch.setattr(trial, "_SECONDS", 1)
    with Trial() as tried:
        assert not tried.compiles(b"crash", (3, 11))
        assert not tried.compiles(b"hang", (3, 11))
        assert tried.compiles(b"x = 1", (3, 11))
