"""Read a scheme from YAML; errors give the file, the line, the key and what was expected.

The keys are those of ``_FIELDS``; docs/schemes.md explains each. YAML is composed, not loaded: that keeps
line numbers, shows duplicate keys, and leaves a mode as it was written.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from functools import partial
from pathlib import Path

import yaml

from truewheel.dataclass import dataclass, replace
from truewheel.errors import SchemeError, TruewheelError
from truewheel.model import CodeFilename, ErrorPolicy, InvalidationMode, Scheme
from truewheel.rules import CHOICES, DENIABLE
from truewheel.shebang import ENV
from truewheel.shipped import SCHEMES
from truewheel.textfile import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    _E = TypeVar("_E", bound=Enum)

_LIMIT = 1 << 20  # bytes; the largest shipped scheme has about a thousand
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_PLACES = ("prefix", "version", "version_nodot", "abi_thread")
_PYTHON_PLACES = (*_PLACES, "python")
_DIRECTORY_PLACES = (*_PLACES, "platlibdir", "name")
_KINDS = {"tag:yaml.org,2002:null": "nothing", "tag:yaml.org,2002:bool": "a truth value"}


def scheme_keys(scheme: Scheme) -> dict[str, Any]:
    """Return every key of a scheme but ``extends`` as a file has it, sections as dictionaries."""
    keys: dict[str, Any] = {}
    for key, field in _FIELDS.items():
        section, _, leaf = key.rpartition(".")
        place = keys.setdefault(section, {}) if section else keys
        value = getattr(scheme, field.attribute)
        place[leaf] = dict(value) if field.read is _data_map else _written(value)
    return keys


def _written(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return list(value)
    return f"{value:04o}" if type(value) is int else value  # a mode: levels are in a tuple


@dataclass(frozen=True)
class _Setting:
    """One key of a scheme file with its value."""

    file: str
    key: str
    node: Any  # of yaml

    @property
    def where(self) -> str:
        return f"{self.file}:{self.node.start_mark.line + 1}"

    @property
    def found(self) -> str:
        if self.node.id == "mapping":
            return "a mapping"
        if self.node.id == "sequence":
            return "a list"
        return _KINDS.get(self.node.tag, "") if self.node.value == "" else repr(self.node.value)

    def refuse(self, expected: str, hint: str = "") -> SchemeError:
        """Return the error that says what was expected and what was found."""
        found = self.found or "an empty text"
        return SchemeError(f"{self.key}: expected {expected}, found {found}", subject=self.where, hint=hint)


@dataclass(frozen=True)
class _Field:
    """A key of the file: the attribute of Scheme that it sets, its reader, its default (none: required)."""

    attribute: str
    read: Callable[[_Setting], Any]
    default: tuple[Any, ...] = ()


def _scalar(setting: _Setting, kind: str, expected: str) -> str:
    node = setting.node
    if node.id != "scalar" or node.tag != f"tag:yaml.org,2002:{kind}":
        hint = 'put it in quotes: ""' if kind == "str" and node.id == "scalar" else ""
        raise setting.refuse(expected, hint)
    text: str = node.value
    return text


def _text(setting: _Setting, expected: str = "a text") -> str:
    text = _scalar(setting, "str", expected)
    if not text.isprintable():
        raise setting.refuse(f"{expected} on one line")
    return text


def _matching(setting: _Setting, pattern: str, expected: str) -> str:
    text = _text(setting, expected)
    if not re.fullmatch(pattern, text):
        raise setting.refuse(expected)
    return text


def _boolean(setting: _Setting) -> bool:
    return _BOOLEANS[_scalar(setting, "bool", "true or false").lower()]


def _choice(setting: _Setting, options: tuple[str, ...]) -> str:
    expected = "one of " + ", ".join(options)
    text = _text(setting, expected)
    if text not in options:
        raise setting.refuse(expected, _nearest(text, options))
    return text


def _member(setting: _Setting, kind: type[_E]) -> _E:
    return kind(_choice(setting, tuple(member.value for member in kind)))


def _items(setting: _Setting, expected: str) -> list[_Setting]:
    if setting.node.id != "sequence":
        raise setting.refuse(expected)
    return [_Setting(setting.file, setting.key, item) for item in setting.node.value]


def _names(setting: _Setting) -> tuple[str, ...]:
    expected = "a list of names of sysconfig schemes, such as [posix_prefix]"
    names = tuple(_matching(item, r"[a-z][a-z0-9_]*", expected) for item in _items(setting, expected))
    if not names:
        raise SchemeError(f"{setting.key}: expected {expected}, found an empty list", subject=setting.where)
    return names


def _levels(setting: _Setting) -> tuple[int, ...]:
    expected = "a list of optimization levels, each 0, 1 or 2 and given once, such as [0, 1]"
    levels: list[int] = []
    for item in _items(setting, expected):
        text = _scalar(item, "int", expected)
        if text not in ("0", "1", "2") or int(text) in levels:
            raise item.refuse(expected)
        levels.append(int(text))
    return tuple(sorted(levels))


def _rules(setting: _Setting, known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({_choice(item, known) for item in _items(setting, "a list of rules")}))


def _globs(setting: _Setting) -> tuple[str, ...]:
    expected = "a list of globs such as [tests, demo/templates]"
    return tuple(_matching(item, r"(?s:.*[^/].*)", expected) for item in _items(setting, expected))


def _mode(setting: _Setting, needed: int, refused: int) -> int:
    """Read octal digits, quoted or not: what is written counts, not what YAML makes of it."""
    expected = f"a mode in octal that has {needed:04o} and nothing of {refused:04o}, such as " + (
        '"0755"' if needed & 0o100 else '"0644"'
    )
    node = setting.node
    text = str(node.value) if node.id == "scalar" else ""
    digits = re.fullmatch(r"(?:0o?)?([0-7]{3})", text)
    mode = int(digits[1], 8) if digits else 0
    if mode & needed != needed or mode & refused:
        raise setting.refuse(expected)
    return mode


def _prefix(setting: _Setting) -> str:
    expected = "an absolute, normalised path such as /usr"
    text = _text(setting, expected)
    if not text:
        return text
    if not text.startswith("/") or text.startswith("//") or posixpath.normpath(text) != text:
        raise setting.refuse(expected)
    return text


def _template(setting: _Setting, places: tuple[str, ...], expected: str) -> str:
    from string import Formatter

    text = _text(setting, expected)
    try:
        fields = [(field, spec, convert) for _, field, spec, convert in Formatter().parse(text)]
    except ValueError as error:
        raise setting.refuse(f"{expected} ({str(error).lower()})") from error
    for field, spec, convert in fields:
        if field is not None and (field not in places or spec or convert):
            shown = ", ".join(f"{{{place}}}" for place in places)
            raise setting.refuse(f"only the placeholders {shown}", _nearest(field, places))
    if text and (not re.match(r"/|\{prefix\}(/|$)|\{python\}$", text) or ".." in text.split("/")):
        raise setting.refuse(expected)
    return text


def _directory(setting: _Setting) -> str:
    return _template(setting, _DIRECTORY_PLACES, "a path that begins with / or {prefix}/, without '..'")


def _data_map(setting: _Setting) -> tuple[tuple[str, str], ...]:
    expected = "directories of data in the wheel with those that they go to, such as {etc: /etc}"
    if setting.node.id != "mapping":
        raise setting.refuse(expected)
    found: dict[str, str] = {}
    for key, node in setting.node.value:
        name = _text(_Setting(setting.file, setting.key, key), expected).strip("/")
        place = _directory(_Setting(setting.file, f"{setting.key}.{name}", node))
        if (
            not name
            or posixpath.normpath(name) != name
            or name.startswith("..")
            or not place
            or name in found
        ):
            raise _Setting(setting.file, setting.key, key).refuse(expected)
        found[name] = place
    return tuple(sorted(found.items()))


def _python(setting: _Setting) -> str:
    expected = (
        "the path of a Python that begins with / or {prefix}/, without spaces, {python} or /usr/bin/env NAME"
    )
    text = _template(setting, _PYTHON_PLACES, expected)
    if not text or re.search(r"\s", text.removeprefix(ENV)) or text == ENV:
        raise setting.refuse(expected)
    return text


_FIELDS = {
    "name": _Field("name", partial(_matching, pattern=r"[\w.-]+", expected="a name without spaces")),
    "prefix": _Field("prefix", _prefix, ("/usr",)),
    "paths.sysconfig": _Field("sysconfig", _names, (("posix_prefix",),)),
    "paths.purelib": _Field("purelib", _directory, ("",)),
    "paths.platlib": _Field("platlib", _directory, ("",)),
    "paths.scripts": _Field("scripts", _directory, ("",)),
    "paths.data": _Field("data", _directory, ("",)),
    "paths.headers": _Field("headers", _directory, ("",)),
    "paths.data_map": _Field("data_map", _data_map, ((),)),
    "metadata.installer": _Field("installer", _text),
    "metadata.record": _Field("record", _boolean),
    "metadata.requested": _Field("requested", _boolean, (False,)),
    "metadata.direct_url": _Field("direct_url", _boolean, (False,)),
    "scripts.python": _Field("script_python", _python),
    "scripts.flags": _Field(
        "script_flags",
        partial(_matching, pattern="(-[BEIOPSbdqsuvx]+)?", expected="flags of Python such as -sP"),
        ("",),
    ),
    "scripts.every_shebang": _Field("every_shebang", _boolean, (False,)),
    "scripts.shebang_blank": _Field("shebang_blank", _boolean, (False,)),
    "scripts.versioned": _Field("versioned_scripts", _boolean, (False,)),
    "bytecode.optimize": _Field("optimize", _levels, ((0, 1),)),
    "bytecode.hardlink": _Field("hardlink", _boolean, (True,)),
    "bytecode.symlink": _Field("symlink", _boolean, (False,)),
    "bytecode.invalidation_mode": _Field(
        "invalidation_mode", partial(_member, kind=InvalidationMode), (InvalidationMode.CHECKED_HASH,)
    ),
    "bytecode.errors": _Field("errors", partial(_member, kind=ErrorPolicy)),
    "bytecode.layout": _Field("layout", partial(_choice, options=("cache", "legacy")), ("cache",)),
    "bytecode.filename": _Field("code_filename", partial(_member, kind=CodeFilename), (CodeFilename.FULL,)),
    "bytecode.exclude": _Field("compile_exclude", _globs, ((),)),
    "modes.file": _Field("file_mode", partial(_mode, needed=0o600, refused=0o113), (0o644,)),
    "modes.executable": _Field("executable_mode", partial(_mode, needed=0o700, refused=0o002), (0o755,)),
    "modes.directory": _Field("directory_mode", partial(_mode, needed=0o700, refused=0o002), (0o755,)),
    "allow": _Field("allow", partial(_rules, known=CHOICES), ((),)),
    "deny": _Field("deny", partial(_rules, known=DENIABLE), ((),)),
    "exclude": _Field("exclude", _globs, ((),)),
}
_SECTIONS = tuple(dict.fromkeys(key.partition(".")[0] for key in _FIELDS if "." in key))
_KEYS = ("extends", *_FIELDS)
_OBSOLETE = "family"


def _base(extends: _Setting, warn: Callable[[str], None] | None, above: tuple[str, ...]) -> Scheme:
    """Return the scheme that a file extends: a shipped one, or a file relative to its own directory."""
    text = _text(extends, "a shipped scheme or a file")
    if "/" not in text and not text.endswith((".yaml", ".yml")):
        return SCHEMES[_choice(extends, tuple(SCHEMES))]
    base = str(Path(extends.file).parent / text)
    if os.path.realpath(base) in (*above, os.path.realpath(extends.file)):
        raise SchemeError(f"extends: {text} extends this file in its turn", subject=extends.where)
    return read_scheme(base, warn, (*above, os.path.realpath(extends.file)))


def read_scheme(file: str, warn: Callable[[str], None] | None = None, above: tuple[str, ...] = ()) -> Scheme:
    """Return the scheme in a file, see `truewheel.load_scheme`; ``above`` are the files that extend it."""
    root = _compose(file)
    settings = {setting.key: setting for setting in _settings(_Setting(file, "", root))}
    extends = settings.pop("extends", None)
    obsolete = settings.pop(_OBSOLETE, None)
    if obsolete and warn:
        warn(f"{obsolete.where}: {_OBSOLETE}: the key has no meaning any more (remove it)")
    given = {_FIELDS[key].attribute: _FIELDS[key].read(setting) for key, setting in settings.items()}
    given.setdefault("name", Path(file).stem)
    if extends:
        base = _base(extends, warn, above)
        return _named_as_before(replace(base, **given), settings, warn)
    for key, field in _FIELDS.items():
        if field.attribute not in given:
            if not field.default:
                hint = "add it, or begin with one of: extends: " + ", ".join(SCHEMES)
                raise SchemeError(f"{key}: the key is missing", subject=f"{file}:1", hint=hint)
            given[field.attribute] = field.default[0]
    return _named_as_before(Scheme(**given), settings, warn)


def _named_as_before(
    scheme: Scheme, settings: Mapping[str, _Setting], warn: Callable[[str], None] | None
) -> Scheme:
    """Keep the names of pip's scripts in files older than ``scripts.versioned``: the installer decided."""
    installer = settings.get("metadata.installer")
    versioned = scheme.installer == "pip"
    if not installer or "scripts.versioned" in settings or versioned is scheme.versioned_scripts:
        return scheme
    if warn:
        key = f"scripts.versioned: {str(versioned).lower()}"
        warn(f"{installer.where}: metadata.installer: implies {key} where that key is missing (add it)")
    return replace(scheme, versioned_scripts=versioned)


def _settings(parent: _Setting) -> Iterator[_Setting]:
    """Yield each key that is not a section; refuse unknown and duplicate keys."""
    if parent.node.id != "mapping":
        raise SchemeError(
            f"{parent.key or 'the file'}: expected keys with values, found {parent.found}",
            subject=parent.where,
        )
    seen: dict[str, _Setting] = {}
    for key_node, node in parent.node.value:
        written = _text(_Setting(parent.file, parent.key or "the file", key_node), "a key")
        key = f"{parent.key}.{written}" if parent.key else written
        here = _Setting(parent.file, key, key_node)
        if key in seen:
            first = seen[key].where.rpartition(":")[2]
            raise SchemeError(f"{key}: the key is given twice, first in line {first}", subject=here.where)
        seen[key] = here
        setting = _Setting(parent.file, key, node)
        if key in _SECTIONS:
            yield from _settings(setting)
        elif key in (*_KEYS, _OBSOLETE) and "." not in written:
            yield setting
        else:
            raise SchemeError(f"{key}: unknown key", subject=here.where, hint=_known_keys(key))


def _known_keys(key: str) -> str:
    section, _, leaf = key.rpartition(".")
    if key in _KEYS:
        return f"write {section}: and below it {leaf}:"
    same = [known for known in _KEYS if known.rpartition(".")[2] == leaf]
    if same:
        return f"did you mean {same[0]}?"
    start = section + "." if section in _SECTIONS else ""
    here = [known.removeprefix(start) for known in _KEYS if known.startswith(start)]
    return suggestion(leaf, [known for known in here if "." not in known] + ([] if start else [*_SECTIONS]))


def suggestion(word: str, known: Sequence[str]) -> str:
    """Return the known word that may be meant, or all of them."""
    return _nearest(word, known) or f"known are {', '.join(known)}"


def _nearest(word: str, known: Sequence[str]) -> str:
    import difflib  # errors alone need it

    close = difflib.get_close_matches(word, known, 1)
    return f"did you mean {close[0]}?" if close else ""


def _compose(file: str) -> yaml.Node:
    try:
        text = read_bytes(file, limit=_LIMIT).decode("utf-8-sig")
    except TruewheelError as error:
        raise SchemeError(error.message, subject=file) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SchemeError("is not UTF-8", subject=f"{file}:{line}") from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise _not_yaml(file, text, error) from error
    except RecursionError as error:
        raise SchemeError("is nested too deeply", subject=file) from error
    except (ValueError, OverflowError) as error:  # an escape such as "\UFFFFFFFF"
        raise SchemeError(f"is not YAML: {error}", subject=file) from error
    if node is None:
        raise SchemeError(
            "the file: expected keys with values, found nothing", subject=f"{file}:1", hint="extends: generic"
        )
    return node


def _not_yaml(file: str, text: str, error: yaml.YAMLError) -> SchemeError:
    line, problem = 1, "it cannot be parsed"
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = error.problem or error.context or problem
    elif isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        problem = error.reason
    return SchemeError(f"is not YAML: {problem}", subject=f"{file}:{line}")
