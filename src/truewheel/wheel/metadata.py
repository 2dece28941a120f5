"""What a wheel says about itself: file name, .dist-info, METADATA, WHEEL and entry points.

Sources: the binary distribution format, core metadata, platform compatibility tags and entry points
specifications of the Python packaging user guide.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable

from truewheel.dataclass import dataclass
from truewheel.metadata import Fields, is_project_name, normalized, parse_fields
from truewheel.model import EntryPoint
from truewheel.wheel.faults import Checked, Fault, first_refused
from truewheel.wheel.names import name_problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from packaging.version import Version

CATEGORIES = ("purelib", "platlib", "scripts", "data", "headers")

_LIMIT_TAGS = 1000
_LIMIT_POINTS = 1000
# a version that needs no parsing to be valid
_RELEASE = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})*")
_VERSION = re.compile(r"([0-9]+)\.([0-9]+)")
# compiled when it is used: most wheels have no scripts
_REFERENCE = r"(?P<module>[\w.]+)\s*:\s*(?P<attr>[\w.]+)\s*(?:\[[^\]]*\])?"
_FILENAME = re.compile(
    r"(?P<name>[\w.]+)-(?P<version>[^-]+)(-(?P<number>\d+)(?P<rest>[^-]*))?-(?P<tags>[^-.]+(\.[^-.]+)*"
    r"(-[^-.]+(\.[^-.]+)*){2})\.whl"
)
# what every version of packaging parses, and newer ones do not refuse
_TAG = r"(?ai)[a-z_]\w*(\.[a-z_]\w*)*(-\w+(\.\w+)*){2}"
_USUAL_TAGS = ("py2-none-any", "py3-none-any")
_SECTIONS = {"console_scripts": "console", "gui_scripts": "gui"}


@dataclass(frozen=True)
class WheelName:
    """What a wheel's file name says: ``name`` is normalised, ``tags`` are expanded.

    ``build`` is the build tag's number and rest, which compare as builds do; empty for none.
    """

    filename: str
    name: str
    written_version: str
    tags: frozenset[str]
    build: tuple[int, str] | tuple[()] = ()

    @property
    def version(self) -> Version:
        """The version, which compares as versions do."""
        return _version(self.written_version)


def parse_filename(filename: str) -> WheelName:
    """Read a wheel's base name; raises WheelRefused unless it is as the specification says."""
    return first_refused(filename, check_filename(filename))[0]


def check_filename(filename: str) -> Checked[WheelName | None]:
    """Return what a wheel's base name says."""
    if (count := _tag_count(filename)) > _LIMIT_TAGS:
        yield Fault("too-many-tags", "", f"stands for {count} tags")
        return None
    found = _FILENAME.fullmatch(filename)
    try:
        if found is None or "__" in found["name"]:
            raise ValueError(filename)
        if not _RELEASE.fullmatch(found["version"]):
            _version(found["version"])
        build = (int(found["number"]), found["rest"]) if found["number"] else ()
        tags = _expanded(found["tags"])
        if not all(tag.partition("-")[0].isidentifier() for tag in tags):
            raise ValueError(filename)
    except ValueError:  # or a number of more digits than Python converts
        yield Fault("bad-file-name", "", "is not the file name of a wheel")
        return None
    return WheelName(filename, normalized(found["name"]), found["version"], tags, build)


def _expanded(text: str) -> frozenset[str]:
    """Return the tags that a compressed set of tags stands for."""
    parts = [part.split(".") for part in text.lower().split("-")]
    return frozenset("-".join(tag) for tag in itertools.product(*parts))


def _tag_count(text: str) -> int:
    return math.prod(part.count(".") + 1 for part in text.removesuffix(".whl").split("-")[-3:])


def check_dist_info(wheel: WheelName, names: Iterable[str]) -> Checked[str | None]:
    """Return the wheel's .dist-info directory, None unless there is exactly one."""
    found = _top_level(names, ".dist-info")
    if len(found) != 1:
        message = "has no .dist-info directory" if not found else f"has {len(found)} .dist-info directories"
        yield Fault("dist-info-count", " ".join(found), message)
        return None
    if not _belongs(wheel, found[0].removesuffix(".dist-info")):
        yield Fault("foreign-dist-info", found[0], f"does not belong to {wheel.name} {wheel.version}")
    return found[0]


def check_data_directory(wheel: WheelName, names: Iterable[str]) -> Checked[str]:
    """Return the wheel's .data directory, empty if it has none."""
    found = _top_level(names, ".data")
    for name in found:
        if not _belongs(wheel, name.removesuffix(".data")):
            yield Fault("foreign-data-directory", name, f"does not belong to {wheel.name} {wheel.version}")
    if len(found) > 1:
        yield Fault("several-data-directories", " ".join(found), f"has {len(found)} .data directories")
    return found[0] if found else ""


def _top_level(names: Iterable[str], suffix: str) -> list[str]:
    heads = {name.partition("/")[0] for name in names if "/" in name}
    return sorted(head for head in heads if head.endswith(suffix))


def _belongs(wheel: WheelName, stem: str) -> bool:
    name, _, version = stem.rpartition("-")
    return normalized(name) == wheel.name and _same_version(version, wheel)


def _version(text: str) -> Version:
    from packaging.version import Version  # most wheels get along with the text

    return Version(text)


def _same_version(text: str, wheel: WheelName) -> bool:
    if text == wheel.written_version:
        return True
    try:
        return _version(text) == wheel.version
    except ValueError:  # InvalidVersion, or more digits than Python converts
        return False


def check_metadata(wheel: WheelName, text: str, entry: str) -> Checked[tuple[str, str, str]]:
    """Return Name, Version and Requires-Python in METADATA, as written there."""
    fields = yield from _fields(text, entry)
    declared = yield from _single(fields, "Metadata-Version", entry)
    found = _VERSION.fullmatch(declared)
    if declared and (found is None or found[1] not in ("1", "2")):
        yield Fault("unknown-metadata-version", entry, f"Metadata-Version {declared} is not known")
    name = yield from _single(fields, "Name", entry)
    if name and (not is_project_name(name) or normalized(name) != wheel.name):
        yield Fault("name-mismatch", entry, f"Name {name} is not the file name's {wheel.name}")
    version = yield from _single(fields, "Version", entry)
    if version and not _same_version(version, wheel):
        yield Fault("version-mismatch", entry, f"Version {version} is not the file name's {wheel.version}")
    return name, version, next(iter(fields.all("Requires-Python")), "")


def check_wheel_file(wheel: WheelName, text: str, entry: str) -> Checked[bool]:
    """Return whether Root-Is-Purelib in WHEEL is true."""
    fields = yield from _fields(text, entry)
    version = yield from _single(fields, "Wheel-Version", entry)
    found = _VERSION.fullmatch(version)
    if version and (found is None or found[1] != "1"):
        yield Fault("unknown-wheel-version", entry, f"Wheel-Version {version} is not known")
    purelib = yield from _single(fields, "Root-Is-Purelib", entry)
    if purelib and purelib.lower() not in ("true", "false"):
        yield Fault("bad-root-is-purelib", entry, f"Root-Is-Purelib is {purelib}")
    yield from _check_declared_tags(wheel, fields.all("Tag"), entry)
    return purelib.lower() == "true"


def _fields(text: str, entry: str) -> Checked[Fields]:
    fields = parse_fields(text)
    for kind in fields.all("Content-Type"):
        if kind.lower().startswith(("message/", "multipart/")):
            yield Fault("message-in-metadata", entry, f"is a message of type {kind}")
    return fields


def _single(fields: Fields, key: str, entry: str) -> Checked[str]:
    """Return the value of a field that must be there once, empty where it is not."""
    values = fields.all(key)
    if len(values) > 1:
        yield Fault("repeated-field", entry, f"has {len(values)} {key} fields", f"one {key} is required")
    elif not values or not values[0]:
        yield Fault("missing-field", entry, f"has no {key}", f"one {key} is required")
    return values[0] if len(values) == 1 else ""


def _check_declared_tags(wheel: WheelName, values: list[str], entry: str) -> Checked[None]:
    if not all(values) or not values:
        yield Fault("missing-tag", entry, "has an empty Tag" if values else "has no Tag")
    values = [value for value in values if value]
    if (count := sum(map(_tag_count, values))) > _LIMIT_TAGS:
        yield Fault("too-many-tags", entry, f"has {count} tags")
        return
    malformed = [value for value in values if value not in _USUAL_TAGS and not re.fullmatch(_TAG, value)]
    if malformed:
        yield Fault("malformed-tag", entry, f"Tag {malformed[0]} is malformed")
        return
    declared: set[str] = set().union(*map(_expanded, values))
    if declared and declared != wheel.tags:
        theirs = " ".join(sorted(declared))
        yield Fault("tag-mismatch", entry, f"has the tags {theirs}, which are not those of the file name")


def check_entry_points(text: str, entry: str) -> Checked[tuple[EntryPoint, ...]]:
    """Return the console and GUI scripts of entry_points.txt, in its order.

    Yields faults for a file that is not INI, a name that is not a safe file name or is there twice, and a
    target that is not ``module:attr`` of identifiers. Extras are ignored, as the specification says.
    """
    import configparser  # most wheels have no scripts

    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, default_section="")
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(text, source="entry points")
    except configparser.Error as error:
        yield Fault("malformed-entry-points", entry, f"is malformed: {' '.join(error.message.split())}")
        return ()
    points: dict[str, EntryPoint] = {}
    for section in parser.sections():
        for name, value in parser.items(section) if section in _SECTIONS else ():
            if name in points:
                yield Fault("duplicate-script", entry, f"names the script {name} twice")
            point = yield from _entry_point(name, value, section, entry)
            if point is not None:
                points.setdefault(name, point)
    if len(points) > _LIMIT_POINTS:
        yield Fault("too-many-scripts", entry, f"has {len(points)} scripts, more than {_LIMIT_POINTS}")
    return tuple(points.values())


def _entry_point(name: str, value: str, section: str, entry: str) -> Checked[EntryPoint | None]:
    if "/" in name or name.startswith("-") or name_problem(name):
        yield Fault("unsafe-script-name", entry, f"{name} in {section} is not a safe name for a script")
    found = re.fullmatch(_REFERENCE, value)
    if found is None or not (_dotted(found["module"]) and _dotted(found["attr"])):
        yield Fault("malformed-entry-point", entry, f"{name} in {section} has the target {value}")
        return None
    return EntryPoint(name, found["module"], found["attr"], _SECTIONS[section])


def _dotted(text: str) -> bool:
    import keyword

    return all(part.isidentifier() and not keyword.iskeyword(part) for part in text.split("."))
