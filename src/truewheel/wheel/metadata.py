"""What a wheel says about itself: file name, .dist-info, METADATA, WHEEL and entry points.

Sources: the binary distribution format, core metadata, platform compatibility tags and entry points
specifications of the Python packaging user guide.
"""

from __future__ import annotations

import configparser
import keyword
import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message

from installer.utils import parse_metadata_file
from packaging.tags import Tag, parse_tag
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from truewheel.model import EntryPoint
from truewheel.wheel.archive import name_fault, refusal

CATEGORIES = ("purelib", "platlib", "scripts", "data", "headers")

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"([0-9]+)\.([0-9]+)")
_REFERENCE = re.compile(r"(?P<module>[\w.]+)\s*:\s*(?P<attr>[\w.]+)\s*(?:\[[^\]]*\])?")
_SECTIONS = {"console_scripts": "console", "gui_scripts": "gui"}


@dataclass(frozen=True)
class WheelName:
    """What a wheel's file name says: ``name`` is normalised, ``tags`` are expanded."""

    filename: str
    name: str
    version: Version
    tags: frozenset[Tag]


def parse_filename(filename: str) -> WheelName:
    """Read a wheel's base name; raises WheelRefused unless it is as the specification says."""
    hint = "the name is NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl"
    try:
        name, version, _, tags = parse_wheel_filename(filename)
    except ValueError as error:
        raise refusal(filename, "is not the file name of a wheel", hint=hint) from error
    if not name or not tags or not all(tag.interpreter and tag.abi and tag.platform for tag in tags):
        raise refusal(filename, "is not the file name of a wheel", hint=hint)
    return WheelName(filename, name, version, tags)


def find_dist_info(wheel: WheelName, names: Iterable[str]) -> str:
    """The wheel's .dist-info directory; raises WheelRefused unless there is one and it is its own."""
    found = _top_level(names, ".dist-info")
    if len(found) != 1:
        message = "has no .dist-info directory" if not found else f"has {len(found)} .dist-info directories"
        raise refusal(wheel.filename, message, entry=" ".join(found))
    if not _belongs(wheel, found[0].removesuffix(".dist-info")):
        message = f"does not belong to {wheel.name} {wheel.version}"
        raise refusal(wheel.filename, message, entry=found[0], hint="do not rename wheels")
    return found[0]


def find_data_dir(wheel: WheelName, names: Iterable[str]) -> str:
    """The wheel's .data directory, empty if it has none; raises WheelRefused for another's."""
    found = _top_level(names, ".data")
    for name in found:
        if not _belongs(wheel, name.removesuffix(".data")):
            raise refusal(wheel.filename, f"does not belong to {wheel.name} {wheel.version}", entry=name)
    if len(found) > 1:
        raise refusal(wheel.filename, "has two .data directories", entry=" ".join(found))
    return found[0] if found else ""


def _top_level(names: Iterable[str], suffix: str) -> list[str]:
    heads = {name.partition("/")[0] for name in names if "/" in name}
    return sorted(head for head in heads if head.endswith(suffix))


def _belongs(wheel: WheelName, stem: str) -> bool:
    name, _, version = stem.rpartition("-")
    return canonicalize_name(name) == wheel.name and _same_version(version, wheel.version)


def _same_version(text: str, version: Version) -> bool:
    try:
        return Version(text) == version
    except InvalidVersion:
        return False


def check_metadata(wheel: WheelName, text: str, entry: str) -> tuple[str, str]:
    """The Name and Version in METADATA, as written there; raises WheelRefused unless they fit."""
    message = parse_metadata_file(text)
    declared = _field(wheel, message, "Metadata-Version", entry)
    found = _VERSION.fullmatch(declared)
    if found is None or found[1] not in ("1", "2"):
        reason = f"Metadata-Version {declared} is not known"
        raise refusal(wheel.filename, reason, entry=entry, hint="versions 1.0 to 2.x are understood")
    name = _field(wheel, message, "Name", entry)
    if not _NAME.fullmatch(name) or canonicalize_name(name) != wheel.name:
        reason = f"Name {name} is not the file name's {wheel.name}"
        raise refusal(wheel.filename, reason, entry=entry, hint="do not rename wheels")
    version = _field(wheel, message, "Version", entry)
    if not _same_version(version, wheel.version):
        reason = f"Version {version} is not the file name's {wheel.version}"
        raise refusal(wheel.filename, reason, entry=entry, hint="do not rename wheels")
    return name, version


def check_wheel_file(wheel: WheelName, text: str, entry: str) -> bool:
    """Whether Root-Is-Purelib in WHEEL is true; raises WheelRefused for what we may not install."""
    message = parse_metadata_file(text)
    version = _field(wheel, message, "Wheel-Version", entry)
    found = _VERSION.fullmatch(version)
    if found is None or int(found[1]) != 1:
        reason = f"Wheel-Version {version} is not known"
        raise refusal(wheel.filename, reason, entry=entry, hint="versions 1.x are understood")
    purelib = _field(wheel, message, "Root-Is-Purelib", entry)
    if purelib.lower() not in ("true", "false"):
        reason = f"Root-Is-Purelib is {purelib}"
        raise refusal(wheel.filename, reason, entry=entry, hint="it is true or false")
    _check_declared_tags(wheel, message, entry)
    return purelib.lower() == "true"


def _field(wheel: WheelName, message: Message, key: str, entry: str) -> str:
    values = [str(value).strip() for value in message.get_all(key) or []]
    if len(values) != 1 or not values[0]:
        reason = f"has {len(values)} times {key}" if len(values) > 1 else f"has no {key}"
        raise refusal(wheel.filename, reason, entry=entry, hint=f"one {key} is required")
    return values[0]


def _check_declared_tags(wheel: WheelName, message: Message, entry: str) -> None:
    declared: set[Tag] = set()
    for value in message.get_all("Tag") or []:
        try:
            declared |= parse_tag(str(value).strip())
        except ValueError as error:
            raise refusal(wheel.filename, f"Tag {value} is malformed", entry=entry) from error
    if not declared:
        raise refusal(wheel.filename, "has no Tag", entry=entry, hint="at least one Tag is required")
    if declared != wheel.tags:
        theirs = " ".join(sorted(map(str, declared)))
        reason = f"the tags {theirs} are not those of the file name"
        raise refusal(wheel.filename, reason, entry=entry, hint="retag with wheel tags, do not rename")


def parse_entry_points(wheel: WheelName, text: str, entry: str) -> tuple[EntryPoint, ...]:
    """The console and gui scripts of entry_points.txt, in its order.

    Raises WheelRefused for a file that is not INI, a name that is not a safe file name or is there twice,
    and a target that is not ``module:attr`` of identifiers. Extras are ignored, as the specification says.
    """
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, default_section="\0")
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(text, source="entry points")
    except configparser.Error as error:
        reason = f"is malformed: {' '.join(error.message.split())}"
        hint = "each name once, as NAME = MODULE:ATTR"
        raise refusal(wheel.filename, reason, entry=entry, hint=hint) from error
    points: dict[str, EntryPoint] = {}
    for section in parser.sections():
        for name, value in parser.items(section) if section in _SECTIONS else ():
            if name in points:
                raise refusal(wheel.filename, f"names the script {name} twice", entry=entry)
            points[name] = _entry_point(wheel, name, value, section, entry)
    return tuple(points.values())


def _entry_point(wheel: WheelName, name: str, value: str, section: str, entry: str) -> EntryPoint:
    if "/" in name or name.startswith("-") or name_fault(name):
        reason = f"{name} in {section} is not a safe name for a script"
        raise refusal(wheel.filename, reason, entry=entry, hint="use letters, digits, '.', '_' and '-'")
    found = _REFERENCE.fullmatch(value)
    if found is None or not (_dotted(found["module"]) and _dotted(found["attr"])):
        reason = f"{name} in {section} has the target {value}"
        raise refusal(wheel.filename, reason, entry=entry, hint="a target is MODULE:ATTR")
    return EntryPoint(name, found["module"], found["attr"], _SECTIONS[section])


def _dotted(text: str) -> bool:
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in text.split("."))
