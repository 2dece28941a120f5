"""The checks hold for any facts: what a target says of itself ends no run, and is found once."""

from __future__ import annotations

import importlib.util
import marshal
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from truewheel.audit.checks.alone import approve
from truewheel.audit.gather import gather
from truewheel.audit.layout import find_sites, python_of_tag
from truewheel.audit.model import Facts
from truewheel.audit.observe import Look
from truewheel.audit.verify import check
from truewheel.bytecode.canonical_form import rewrite
from truewheel.bytecode.pycs import pyc_header
from truewheel.model import InvalidationMode
from truewheel.package.model import Member, MemberKind, Package, Target, TargetKind
from truewheel.rules.table import RULES
from truewheel.schemes import load_scheme

TAG = sys.implementation.cache_tag
PLACES = ["usr", "lib", "bin", "python3.11", "site-packages", "__pycache__", "x-1.dist-info", "demo", "tests"]
FILES = ["a.py", f"a.{TAG}.pyc", f"a.{TAG}.opt-1.pyc", "RECORD", "INSTALLER", "METADATA", "direct_url.json"]
NAMES = st.sampled_from([*PLACES, *FILES, ".lock"])
SOURCE = b"a = 1\n"


def pyc(mode: InvalidationMode, filename: str, canonical: bool = True) -> bytes:
    code = compile(SOURCE, filename, "exec", dont_inherit=True)
    hashed = importlib.util.source_hash(SOURCE)
    header = pyc_header(mode, importlib.util.MAGIC_NUMBER, hashed, 7, len(SOURCE))
    body = marshal.dumps(code)
    return header + (rewrite(body, sys.version_info[:2]) if canonical else body)


PYCS = [
    pyc(InvalidationMode.CHECKED_HASH, "/usr/lib/python3.11/site-packages/a.py"),
    pyc(InvalidationMode.CHECKED_HASH, "/tmp/a.py"),
    pyc(InvalidationMode.TIMESTAMP, "/a.py", canonical=False),
]
TEXTS = st.one_of(
    st.sampled_from([SOURCE, *PYCS]),
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"a.py,sha256=x,1\n",
            b"../../../../../..,,\n/,,\n,,\n",
            b'"a\n',
            b"a.py,sha256=\xff,9\n",
            b"#!/usr/bin/env python3\n",
            b"#!",
            b"pip\n",
        ]
    ),
)


@st.composite
def members(draw: st.DrawFn) -> list[Member]:
    site = draw(st.sampled_from(["", "usr/lib/python3.11/site-packages/", "usr/lib/python3/dist-packages/"]))
    made = []
    for parts in draw(st.lists(st.lists(NAMES, min_size=1, max_size=3), max_size=12)):
        data = draw(TEXTS)
        kind = draw(
            st.sampled_from([MemberKind.FILE, MemberKind.FILE, MemberKind.LINK, MemberKind.DIRECTORY])
        )
        made.append(
            Member(
                path=site + "/".join(parts),
                kind=kind,
                mode=draw(st.sampled_from([0o644, 0o755, 0o4755])),
                uid=0,
                gid=0,
                owner=None,
                group=None,
                mtime=7,
                size=len(data) if kind is MemberKind.FILE else 0,
                open_chunks=lambda data=data: iter((data,) if data else ()),  # type: ignore[misc]
            )
        )
    return made


@settings(deadline=None)
@given(members(), st.sampled_from(["", "generic", "fedora", "debian"]), st.booleans())
def test_whatever_is_in_a_target_findings_are_all_that_comes(
    made: list[Member], scheme: str, packaged: bool
) -> None:
    package = Package("demo", "1", ("python3",)) if packaged else None
    kind = TargetKind.DEB if packaged else TargetKind.ARCHIVE
    target = Target("x", kind, "/", lambda: iter(made), package=package)
    files, hashes = gather(target, Look("/"), 1)
    facts = Facts(target, files, hashes, find_sites(files), load_scheme(scheme) if scheme else None)
    found = list(check(facts))
    approve(facts)
    assert list(check(facts)) == found
    for finding in found:
        assert finding.rule in RULES
        assert finding.message
        assert finding.path.startswith("/")


def test_sites_are_known_by_their_names() -> None:
    paths = ["usr/lib/python3.11/site-packages/a.py", "usr/lib/python3/dist-packages/b/c.py", "opt/x/d.py"]
    found = {site.path: site.tag for site in find_sites(paths)}
    assert found == {
        "usr/lib/python3.11/site-packages": "cpython-311",
        "usr/lib/python3/dist-packages": "",
    }
    assert [site.path for site in find_sites(["x-1.dist-info/RECORD", "x.py"])] == [""]
    assert python_of_tag("cpython-313t") == (3, 13)
    assert python_of_tag("pypy39") is None
