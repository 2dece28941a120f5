"""What a spec hands on to pip: honoured, of no account, or refused."""

from __future__ import annotations

import pytest

from truewheel.errors import UsageError
from truewheel.opensuse.pip_arguments import (
    InstallArguments,
    WheelArguments,
    install_arguments,
    wheel_arguments,
)

NOTHING = InstallArguments((), (), (), "", "")


@pytest.mark.parametrize(
    "words",
    [
        "",
        "--",
        "--no-compile --no-deps --no-index -v -vvv --verbose",
        "-- --ignore-installed --no-cache-dir",
        "-I -U --force-reinstall --no-build-isolation --use-pep517",
        "--progress-bar off --root-user-action=ignore --timeout 5",
        "--global-option build --no-binary :all:",
    ],
)
def test_what_changes_nothing_is_dropped(words: str) -> None:
    assert install_arguments(words.split()) == NOTHING
    assert wheel_arguments(words.split()) == WheelArguments((".",), (), "")


def test_an_install_says_what_and_where() -> None:
    words = (
        "--prefix /opt/x ./dist/a-1-py3-none-any.whl six==1.17 -fmore --find-links=wheels --root /r b.whl n"
    )
    assert install_arguments(words.split()) == InstallArguments(
        files=("./dist/a-1-py3-none-any.whl", "b.whl"),
        requirements=("six==1.17", "n"),
        directories=("more", "wheels"),
        prefix="/opt/x",
        root="/r",
    )


def test_the_last_of_an_option_counts() -> None:
    assert install_arguments(["--prefix=/a", "--prefix", "/b"]).prefix == "/b"


def test_a_build_has_settings_and_a_project() -> None:
    words = "-Ca=1 --config-settings b=2 --config-setting=c=3 -C d -w out ./sub[extra] --no-deps"
    assert wheel_arguments(words.split()) == WheelArguments(("./sub",), ("c=3", "a=1", "b=2", "d"), "out")


@pytest.mark.parametrize(
    "words",
    [
        "--target /x",
        "-t x",
        "--user",
        "-e .",
        "--requirement r.txt",
        "-r r.txt",
        "--index-url http://x",
        "-z",
    ],
)
def test_what_would_change_the_result_is_refused(words: str) -> None:
    with pytest.raises(UsageError, match="no meaning here") as caught:
        install_arguments(words.split())
    assert caught.value.subject == words.split(maxsplit=1)[0]


@pytest.mark.parametrize("word", [".", "./", "sub/project", "../up"])
def test_a_directory_is_a_project_to_build(word: str) -> None:
    found = install_arguments([f"{word}[extra]", "a.whl", "six", "-C", "a=1", "--config-setting=b=2"])
    assert (found.projects, found.files, found.requirements) == ((word,), ("a.whl",), ("six",))
    assert found.settings == ("b=2", "a=1")


def test_an_option_without_its_value_is_refused() -> None:
    with pytest.raises(UsageError, match="lacks its value"):
        install_arguments(["--prefix"])
