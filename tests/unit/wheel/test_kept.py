"""What is kept comes back as it was, in the heap and in segments, until it is forgotten."""

from __future__ import annotations

from truewheel.wheel.kept import Kept

COUNT = 10_000


def content(number: int) -> bytes:
    return b"%d" % number * (number % 97)


def filled() -> Kept:
    kept = Kept(1 << 30)
    for number in range(COUNT):
        kept.keep("demo.whl", f"m{number}.py", content(number))
    return kept


def test_many_entries_come_back() -> None:
    kept = filled()
    for number in range(COUNT):
        name = f"m{number}.py"
        assert kept.has("demo.whl", name)
        assert kept.get("demo.whl", name, len(content(number))) == content(number)
    assert kept.get("other.whl", "m0.py", 0) is None
    assert kept.get("demo.whl", "m.py", 0) is None


def test_what_is_forgotten_is_gone_and_the_rest_stays() -> None:
    kept = filled()
    for number in range(0, COUNT, 2):
        kept.forget("demo.whl", f"m{number}.py")
        kept.forget("demo.whl", f"m{number}.py")
    for number in range(COUNT):
        name, wanted = f"m{number}.py", content(number) if number % 2 else None
        assert kept.has("demo.whl", name) == (number % 2 == 1)
        assert kept.get("demo.whl", name, len(content(number))) == wanted


def test_it_takes_more_after_all_was_forgotten() -> None:
    kept = filled()
    for number in range(COUNT):
        kept.forget("demo.whl", f"m{number}.py")
    for number in range(COUNT):
        kept.keep("demo.whl", f"n{number}.py", content(number))
    assert kept.get("demo.whl", "n9999.py", len(content(9999))) == content(9999)


def test_large_entries_among_many_come_back() -> None:
    kept = filled()
    kept.keep("demo.whl", "large", b"x" * 100_000)
    assert kept.get("demo.whl", "large", 100_000) == b"x" * 100_000


def test_no_more_than_the_budget_is_kept() -> None:
    kept = Kept(10)
    for name, data in (("a", b"123456"), ("b", b"12345"), ("c", b"1234"), ("d", b"1"), ("e", b"")):
        kept.keep("demo.whl", name, data)
    assert [name for name in "abcde" if kept.has("demo.whl", name)] == ["a", "c", "e"]
