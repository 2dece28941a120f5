"""Our dataclasses do what those of the standard library do."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from truewheel.dataclass import dataclass, field, replace


@dataclass(frozen=True)
class Base:
    name: str
    size: int = 0


@dataclass(frozen=True)
class Sub(Base):
    tags: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        return f"{self.name}{self.size}"


@dataclass
class Open:
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Finished:
    hint: str = ""

    def __post_init__(self) -> None:
        if not self.hint:
            object.__setattr__(self, "hint", "none")


@dataclass(frozen=True)
class Named:
    name: str
    opened: object = field(default=None, compare=False)


def test_fields_are_given_by_place_or_name_or_have_defaults() -> None:
    assert Sub("a", 1, ("b",)) == Sub(name="a", size=1, tags=("b",)) == Sub("a", tags=("b",), size=1)
    assert Sub("a").size == 0 and Sub("a", 2).shown == "a2"
    assert repr(Sub("a")) == "Sub(name='a', size=0, tags=())"


@pytest.mark.parametrize(
    "wrong",
    [
        Sub,
        lambda: Sub("a", name="b"),  # type: ignore[misc]
        lambda: Sub("a", other=1),  # type: ignore[call-arg]
        lambda: Sub(size=1, other="a"),  # type: ignore[call-arg]
        lambda: Sub("a", 1, (), 2),  # type: ignore[call-arg]
    ],
)
def test_wrong_fields_are_refused(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(TypeError, match=r"Sub\(\)"):
        wrong()


def test_values_of_one_class_compare_and_hash() -> None:
    assert Sub("a") != Sub("b") and hash(Sub("a")) == hash(Sub("a"))
    assert Sub("a") != Base("a")
    assert len({Sub("a"), Sub("a"), Base("a")}) == 2
    with pytest.raises(TypeError):
        hash(Open())


def test_frozen_fields_stay_and_others_do_not() -> None:
    value = Sub("a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.name = "b"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del value.name
    with pytest.raises(AttributeError):
        value.other = 1  # type: ignore[attr-defined]
    first, second = Open(), Open()
    first.names.append("a")
    second.names = ["b"]
    assert (first.names, second.names, Open().names) == (["a"], ["b"], [])


def test_a_class_may_finish_its_instances() -> None:
    assert (Finished().hint, Finished("x").hint) == ("none", "x")


def test_copies_have_other_values() -> None:
    value = Sub("a", 1, ("b",))
    changed = Sub("a", 2, ("b",))
    assert replace(value, size=2) == dataclasses.replace(value, size=2) == changed
    assert copy.deepcopy(value) == pickle.loads(pickle.dumps(value)) == value


def test_the_functions_of_dataclasses_take_them() -> None:
    assert dataclasses.is_dataclass(Sub)
    assert dataclasses.asdict(Sub("a")) == {"name": "a", "size": 0, "tags": ()}
    assert dataclasses.astuple(Sub("a")) == ("a", 0, ())
    assert [item.name for item in dataclasses.fields(Sub)] == ["name", "size", "tags"]
    assert dataclasses.fields(Sub)[1].default == 0
    assert dataclasses.fields(Open)[0].default_factory is list
    match Sub("a", 3):
        case Sub(name, size):
            assert (name, size) == ("a", 3)


def test_the_thousandth_instance_is_made_as_the_first() -> None:
    first, finished = Sub("a", tags=("b",)), Finished()
    assert all(Sub("a", tags=("b",)) == first and Finished() == finished for _ in range(1000))
    assert Sub("a", 0, ("b",)) == Sub(name="a", size=0, tags=("b",)) == first
    assert Finished("said").hint == "said" and finished.hint == "none"
    with pytest.raises(TypeError, match="Sub"):
        Sub(size=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Sub"):
        Sub("a", 0, (), 2)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="other"):
        Sub("a", other=1)  # type: ignore[call-arg]


def test_defaults_that_are_made_anew_stay_apart_however_many_there_are() -> None:
    made = [Open() for _ in range(1000)]
    made[0].names.append("a")
    assert made[-1].names == []


def test_without_comparison_instances_are_equal_to_themselves_alone() -> None:
    @dataclass(frozen=True, eq=False)
    class Node:
        name: str

    one, same = (Node("a"),) * 2
    assert one == same
    assert one != Node("a")
    assert len({one, Node("a")}) == 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.name = "b"  # type: ignore[misc]


def test_what_is_left_out_of_comparisons_is_a_field_like_others() -> None:
    assert Named("a", 1) == Named("a", 2) == Named("a")
    assert hash(Named("a", 1)) == hash(Named("a"))
    assert Named("a", 1) != Named("b", 1)
    assert (Named("a").opened, Named("a", 1).opened, replace(Named("a", 1), name="b").opened) == (None, 1, 1)
    assert pickle.loads(pickle.dumps(Named("a", 1))).opened == 1


def test_the_many_instances_of_a_class_are_as_its_first() -> None:
    class Plain(Sub):
        """Without a constructor of its own."""

    for number in range(600):
        made, plain = Sub("a", number, ("b",)), Plain("a", size=number)
        assert (type(made), type(plain)) == (Sub, Plain)
        assert (made.name, made.size, made.tags, plain.size, plain.tags) == ("a", number, ("b",), number, ())
        with pytest.raises(dataclasses.FrozenInstanceError):
            made.name = "b"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(made)) == copy.copy(made) == replace(made, size=599) == made
    assert [Finished().hint for _ in range(300)] == ["none"] * 300
    assert Open().names == []


def test_fields_may_have_any_name() -> None:
    @dataclass(frozen=True)
    class Odd:
        cls: int
        opened: int
        become: int
        general: int
        finish: int
        defaults: int = 6

    assert {Odd(1, 2, 3, 4, 5) for _ in range(300)} == {Odd(1, 2, 3, 4, 5, defaults=6)}
