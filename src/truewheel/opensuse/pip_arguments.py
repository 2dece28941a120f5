"""Decide what the arguments mean that a spec gives to pip.

Options are of three kinds: some say where wheels are and where they go, some do not change what is installed
here, and all others are refused. Source: ``pip help install``, ``pip help wheel``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from truewheel.dataclass import dataclass
from truewheel.errors import UsageError

_SHORT = {
    "-C": "--config-settings",
    "-f": "--find-links",
    "-i": "--index-url",
    "-I": "--ignore-installed",
    "-q": "--quiet",
    "-U": "--upgrade",
    "-v": "--verbose",
    "-w": "--wheel-dir",
}
_IGNORE = "--ignore-requires-python"
# about messages, downloads and checks of pip, which do not change the installed files
_FLAGS = frozenset(
    {
        "--break-system-packages",
        "--compile",
        "--disable-pip-version-check",
        "--force-reinstall",
        "--ignore-installed",
        _IGNORE,
        "--isolated",
        "--no-build-isolation",
        "--no-cache-dir",
        "--no-clean",
        "--no-color",
        "--no-compile",
        "--no-deps",
        "--no-index",
        "--no-input",
        "--no-python-version-warning",
        "--no-use-pep517",
        "--no-verify",
        "--no-warn-conflicts",
        "--no-warn-script-location",
        "--pre",
        "--prefer-binary",
        "--quiet",
        "--require-virtualenv",
        "--upgrade",
        "--use-pep517",
        "--verbose",
    }
)
_VALUES = frozenset(
    {
        "--build-option",
        "--cache-dir",
        "--cert",
        "--exists-action",
        "--global-option",
        "--log",
        "--no-binary",
        "--only-binary",
        "--progress-bar",
        "--retries",
        "--root-user-action",
        "--timeout",
        "--trusted-host",
        "--upgrade-strategy",
        "--use-deprecated",
        "--use-feature",
    }
)
_SETTINGS = ("--config-setting", "--config-settings")
_PATHS = frozenset({"--find-links", "--prefix", "--root", "--wheel-dir"})
_INSTALL = frozenset({"--find-links", "--prefix", "--root", *_SETTINGS})
_WHEEL = frozenset({"--find-links", "--wheel-dir", *_SETTINGS})


@dataclass(frozen=True)
class InstallArguments:
    """What to install: ``files`` are paths that end in .whl, ``requirements`` names such as ``six==1.17``.

    ``directories`` hold wheels in addition to the usual one; ``prefix`` and ``root`` are "" where they are
    not given. ``projects`` are directories to build first, with ``settings`` for their backends.
    """

    files: tuple[str, ...]
    requirements: tuple[str, ...]
    directories: tuple[str, ...]
    prefix: str
    root: str
    projects: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    ignore_requires_python: bool = False


@dataclass(frozen=True)
class WheelArguments:
    """What to build: directories of projects, settings for their backends, the directory for wheels or ""."""

    projects: tuple[str, ...]
    settings: tuple[str, ...]
    outdir: str


def install_arguments(words: Sequence[str]) -> InstallArguments:
    """Read the arguments of ``pip install``; raises UsageError for options that would change the result."""
    options, rest = _parse(words, _INSTALL)
    files = tuple(word for word in rest if word.endswith(".whl"))
    projects = tuple(word for word in rest if word not in files and ("/" in word or word.startswith(".")))
    return InstallArguments(
        files=files,
        requirements=tuple(word for word in rest if word not in (*files, *projects)),
        directories=tuple(options.get("--find-links", ())),
        prefix=re.sub("(?<=.)/+$", "", _last(options, "--prefix")),
        root=_last(options, "--root"),
        projects=tuple(_directory(word) for word in projects),
        settings=_settings(options),
        ignore_requires_python=_IGNORE in words,
    )


def wheel_arguments(words: Sequence[str]) -> WheelArguments:
    """Read the arguments of ``pip wheel``; raises UsageError for options that would change the result."""
    options, rest = _parse(words, _WHEEL)
    return WheelArguments(
        projects=tuple(_directory(word) for word in rest) or (".",),
        settings=_settings(options),
        outdir=_last(options, "--wheel-dir"),
    )


def _parse(words: Sequence[str], known: frozenset[str]) -> tuple[dict[str, list[str]], list[str]]:
    options: dict[str, list[str]] = {}
    rest = []
    left = iter(words)
    for word in left:
        if word == "--":
            continue
        if not word.startswith("-"):
            rest.append(word)
            continue
        name, value = _split(word)
        if name in _FLAGS:
            continue
        if name not in known | _VALUES:
            raise UsageError(
                "is an option of pip that has no meaning here", subject=word, hint="leave it out of the spec"
            )
        value = _value(word, left) if value is None else value
        if name in _PATHS and not value:
            raise UsageError("is an empty path", subject=name, hint="leave the option out or give a path")
        options.setdefault(name, []).append(value)
    return options, rest


def _split(word: str) -> tuple[str, str | None]:
    """An option's long name, and its value where it is of one word with it."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return name, value if equals else None
    name = _SHORT.get(word[:2], word)
    if name in _FLAGS and set(word[1:]) == {word[1]}:  # -vvv
        return name, None
    return (name, None) if len(word) == 2 else (name, word[2:].removeprefix("="))


def _value(word: str, left: Iterator[str]) -> str:
    value = next(left, None)
    if value is None:
        raise UsageError("lacks its value", subject=word, hint="options are those of pip")
    return value


def _directory(word: str) -> str:
    """A project without its extras, which only matter to dependencies."""
    return word.partition("[")[0]


def _settings(options: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    return tuple(value for name in _SETTINGS for value in options.get(name, ()))


def _last(options: Mapping[str, Sequence[str]], name: str) -> str:
    return options[name][-1] if name in options else ""
