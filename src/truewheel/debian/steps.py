"""Carries out one step of debhelper for every Python, the default one last."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from truewheel.debian import distutils
from truewheel.debian.cleaning import clean_build, clean_source, clean_top
from truewheel.debian.commands import Shell
from truewheel.debian.environment import (
    build_environment,
    flavor_environment,
    read_architecture,
    test_environment,
)
from truewheel.debian.interpreters import choose_flavors, read_supported
from truewheel.debian.layout import plan_layout
from truewheel.debian.model import Flavor, Layout, Source, Step, System, render, render_command
from truewheel.debian.options import Options, is_disabled
from truewheel.debian.system import choose_system, setup_file
from truewheel.debian.testfiles import copy_test_files, read_test_files, remove_test_files
from truewheel.debian.testing import choose_runner, default_test_args, is_nocheck, plan_tests
from truewheel.errors import RefusedInput, TruewheelError

_EXT_PATTERN = r"\.so(\.[^/]*)?$"
# a failure of one Python does not keep the others from being tried
_ALL_ARE_TRIED = (Step.BUILD, Step.TEST)


@dataclass(frozen=True)
class StepRequest:
    """A step as debhelper asks for it; ``top`` is the folder debian/rules runs in, absolute.

    ``echo`` is told every command.
    """

    step: Step
    source: Source
    options: Options
    environ: Mapping[str, str]
    top: str
    echo: Callable[[str], None]


def run_step(request: StepRequest) -> Iterator[TruewheelError]:
    """Carry out a step for each Python; gives the failures, after which there may be others.

    Raises the TruewheelError of what keeps the step from being begun.
    """
    environ = request.environ
    if request.step is Step.TEST and is_nocheck(
        environ.get("DEB_BUILD_OPTIONS", ""), environ.get("DEB_BUILD_PROFILES", "")
    ):
        return
    flavors = choose_flavors(request.options, request.source.build_depends, read_supported(environ))
    system = _system(request)
    for flavor in flavors:
        if is_disabled(request.options, request.step, flavor):
            continue
        try:
            _FlavorStep(request, system, flavor).run()
        except TruewheelError as error:
            yield _of_flavor(error, request.step, flavor)
            if request.step not in _ALL_ARE_TRIED:
                return
    if request.step is Step.CLEAN:
        clean_top(request.top)


def _of_flavor(error: TruewheelError, step: Step, flavor: Flavor) -> TruewheelError:
    subject = f"{step.value} for {flavor.python}"
    error.path = f"{subject}: {error.path}" if error.path else subject
    return error


def _system(request: StepRequest) -> System:
    directory = os.path.join(
        request.top, request.source.directory or request.options.environ.get("PYBUILD_DIR", "")
    )
    files = os.listdir(directory) if os.path.isdir(directory) else ()
    return choose_system(request.options.overall("system"), request.source.build_depends, files)


class _FlavorStep:
    """One step for one Python."""

    def __init__(self, request: StepRequest, system: System, flavor: Flavor) -> None:
        self._request = request
        self._step = request.step
        self._source = request.source
        self._options = request.options
        self._system = system
        self._flavor = flavor
        layout = plan_layout(request.source, request.options, flavor, request.step, request.top)
        if not os.path.isdir(layout.dir):
            raise RefusedInput("is not a folder", path=layout.dir, hint="set PYBUILD_DIR or --sourcedir")
        self._files = os.listdir(layout.dir)
        self._layout = replace(layout, setup_py=setup_file(self._files))

    def run(self) -> None:
        """The step between the commands that PYBUILD_BEFORE and PYBUILD_AFTER say."""
        for folder in (self._layout.home_dir, self._layout.build_dir):
            os.makedirs(folder, exist_ok=True)
        self._hook("before")
        {
            Step.CONFIGURE: self._configure,
            Step.BUILD: self._build,
            Step.TEST: self._test,
            Step.INSTALL: self._install,
            Step.CLEAN: self._clean,
        }[self._step]()
        self._hook("after")

    def _configure(self) -> None:
        if self._system is not System.PYPROJECT:
            self._command(self._own_command())

    def _build(self) -> None:
        if self._system is not System.PYPROJECT:
            self._command(self._own_command())
            return
        from truewheel.debian.backend import build_wheel, unpack_wheel  # what it imports takes its time

        shell = self._shell("build")
        architecture = self._architecture()
        with _log(shell.log) as output:
            wheel = build_wheel(self._layout, shell, architecture, output)
        shell.echo(f"unpack {wheel.name}")
        unpack_wheel(wheel, self._layout, architecture, shell.environ)

    def _test(self) -> None:
        runner = choose_runner(self._options, self._source.build_depends)
        files = read_test_files(self._layout)
        copy_test_files(files, self._layout)
        if self._system is System.CUSTOM and self._layout.args:
            self._command(self._own_command())
            return
        args = default_test_args(runner, self._options, self._layout, [file.source for file in files])
        self._layout = replace(self._layout, args=args)
        major = self._prepare_tox() if runner == "tox" else 0
        tests = plan_tests(runner, self._files, major)
        self._command(tests.command, tests.fine)

    def _install(self) -> None:
        remove_test_files(self._layout)
        if self._system is System.PYPROJECT:
            self._install_built()
        else:
            if self._system is System.DISTUTILS:
                distutils.remove_egg_info(self._layout)
            self._command(self._own_command())
            if self._system is System.DISTUTILS:
                self._refuse_nothing(os.path.isdir(self._layout.destdir) and os.listdir(self._layout.destdir))
        self._move_extensions()

    def _install_built(self) -> None:
        from truewheel.debian.copying import copy_all, plan_copies

        home, python = self._layout.home_dir, self._flavor.python
        places = [(f"{home}/data", "/usr"), (f"{home}/scripts", "/usr/bin")]
        if os.path.isdir(f"{home}/include"):
            places.append((f"{home}/include", f"{python.include_dir}/{self._project_name()}"))
        places.append((self._layout.build_dir, self._layout.install_dir))
        copies = [
            copy
            for source, final in places
            if os.path.isdir(source)
            for copy in plan_copies(source, os.path.normpath(final))
        ]
        self._refuse_nothing(not all(copy.folder for copy in copies))
        self._shell("install").echo(f"install {python} modules into {self._layout.destdir}")
        copy_all(copies, Path(self._layout.destdir))

    def _project_name(self) -> str:
        from truewheel.debian.backend import built_wheel
        from truewheel.wheel import read_wheel

        return read_wheel(built_wheel(self._layout)).name

    def _refuse_nothing(self, something: object) -> None:
        if not something:
            raise RefusedInput(
                "there is nothing to install",
                path=self._layout.build_dir,
                hint="let dh_auto_build run first, or leave this out with PYBUILD_DISABLE",
            )

    def _move_extensions(self) -> None:
        target = self._options.get("ext_destdir", self._flavor)
        if target:
            from truewheel.debian.copying import move_matching

            move_matching(
                self._layout.destdir,
                os.path.join(self._request.top, target),
                self._options.get("ext_pattern", self._flavor) or _EXT_PATTERN,
                self._options.get("ext_sub_pattern", self._flavor) or "",
                self._options.get("ext_sub_repl", self._flavor) or "",
            )

    def _clean(self) -> None:
        clean_source(self._layout.dir, self._system, self._source.build_depends)
        present = os.path.exists(self._flavor.python.binary)
        if self._system is System.CUSTOM or (self._system is System.DISTUTILS and present):
            self._command(self._own_command())
        elif self._system is System.PYPROJECT:
            clean_build(self._layout)

    def _own_command(self) -> str:
        """The step's command where it is setup.py's or the packager's."""
        if self._system is System.DISTUTILS:
            return distutils.setup_command(self._step)
        return self._layout.args

    def _command(self, template: str, fine: tuple[int, ...] = (0,)) -> None:
        shell = self._shell(self._step.value)
        if not template:
            shell.echo(f"nothing to do: PYBUILD_{self._step.name}_ARGS is empty")
            return
        if self._system is System.DISTUTILS and "--installpkg" not in template:
            distutils.write_config(self._layout)
        shell.run(render_command(template, self._layout, f"PYBUILD_{self._step.name}_ARGS"), "", fine)

    def _hook(self, when: str) -> None:
        name = f"{when}_{self._step.value}"
        template = self._options.get(name, self._flavor)
        if template:
            of = f"PYBUILD_{name.upper()}"
            command = render(template, self._layout.variables(), of)
            self._shell(name, home=False).run(command, of)

    def _prepare_tox(self) -> int:
        """Give tox what it installs; returns its major version. Before 4 it installs the source by pip."""
        shell = self._shell("test")
        said = subprocess.run(
            ["tox", "--version"], env=dict(shell.environ), capture_output=True, text=True, check=False
        ).stdout
        major = int(said.partition(".")[0]) if said.partition(".")[0].isdigit() else 0
        distutils.config_file(self._layout).unlink(missing_ok=True)
        if major >= 4:
            from truewheel.debian.backend import built_wheel

            if self._system is System.DISTUTILS and not list(Path(self._layout.home_dir).glob("*.whl")):
                shell.run(render_command(distutils.WHEEL_COMMAND, self._layout, "setup.py"), "bdist_wheel")
            self._layout = replace(self._layout, wheel=str(built_wheel(self._layout)))
        return major

    def _architecture(self) -> dict[str, str]:
        return read_architecture(self._request.environ)

    def _shell(self, name: str, home: bool = True) -> Shell:
        """Where commands run; ``home`` gives them the flavor's home folder, which setup.py reads."""
        request = self._request
        environ = build_environment(self._source, request.environ, self._architecture(), request.top)
        environ = flavor_environment(environ, self._layout, self._step)
        if home and self._system is System.PYPROJECT and self._step is Step.TEST:
            environ = test_environment(environ, self._layout)
        elif home and self._system is System.DISTUTILS:
            environ["HOME"] = self._layout.home_dir
        log = Path(self._layout.home_dir, f"{name}.log") if self._source.quiet else None
        return Shell(self._layout.dir, environ, request.echo, log)


@contextmanager
def _log(path: Path | None) -> Iterator[IO[bytes] | None]:
    if path is None:
        yield None
        return
    with open(path, "ab") as stream:
        yield stream
