"""Carries out one step of debhelper for every Python, the default one last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from truewheel.debian import distutils
from truewheel.debian.cleaning import clean_build, clean_source, clean_top
from truewheel.debian.commands import Shell
from truewheel.debian.environment import (
    build_environment,
    flavor_environment,
    read_architecture,
    scripts_environment,
)
from truewheel.debian.interpreters import choose_flavors, read_supported
from truewheel.debian.layout import plan_layout
from truewheel.debian.model import Flavor, Source, Step, System, render, render_command
from truewheel.debian.options import Options, is_disabled
from truewheel.debian.system import choose_system, setup_file
from truewheel.debian.testfiles import copy_test_files, read_test_files, remove_test_files
from truewheel.debian.testing import choose_runner, default_test_args, is_nocheck, plan_tests
from truewheel.errors import RefusedInput, TruewheelError

# a failure of one Python does not keep the others from being tried
_ALL_ARE_TRIED = (Step.BUILD, Step.TEST)


@dataclass(frozen=True)
class StepRequest:
    """A step as debhelper asks for it; ``top`` is the directory debian/rules runs in, absolute.

    ``echo`` is told every command.
    """

    step: Step
    source: Source
    options: Options
    environ: Mapping[str, str]
    top: str
    echo: Callable[[str], None]


def run_step(request: StepRequest) -> Iterator[TruewheelError]:
    """Carry out a step for each Python; gives the failures as they come.

    Raises the TruewheelError of what keeps the step from being begun.
    """
    environ = request.environ
    if request.step is Step.TEST and is_nocheck(
        environ.get("DEB_BUILD_OPTIONS", ""), environ.get("DEB_BUILD_PROFILES", "")
    ):
        return
    for flavor in choose_flavors(request.options, request.source.build_depends, read_supported(environ)):
        if is_disabled(request.options, request.step, flavor):
            continue
        try:
            _FlavorStep(request, flavor).run()
        except TruewheelError as error:
            subject = f"{request.step.value} for {flavor.python}"
            error.subject = f"{subject}: {error.subject}" if error.subject else subject
            yield error
            if request.step not in _ALL_ARE_TRIED:
                return
    if request.step is Step.CLEAN:
        clean_top(request.top)


class _FlavorStep:
    """One step for one Python."""

    def __init__(self, request: StepRequest, flavor: Flavor) -> None:
        self._request = request
        self._step = request.step
        self._source = request.source
        self._options = request.options
        self._flavor = flavor
        layout = plan_layout(request.source, request.options, flavor, request.step, request.top)
        if not Path(layout.dir).is_dir():
            raise RefusedInput(
                "is not a directory", subject=layout.dir, hint="set PYBUILD_DIR or --sourcedir"
            )
        self._files = [path.name for path in Path(layout.dir).iterdir()]
        self._layout = replace(layout, setup_py=setup_file(self._files))
        self._system = choose_system(
            request.options.overall("system"), request.source.build_depends, self._files
        )

    def run(self) -> None:
        """The step, between the commands that PYBUILD_BEFORE and PYBUILD_AFTER give."""
        steps = {
            Step.CONFIGURE: self._configure,
            Step.BUILD: self._build,
            Step.TEST: self._test,
            Step.INSTALL: self._install,
            Step.CLEAN: self._clean,
        }
        if self._source.verbose:
            self._request.echo(
                f"{self._flavor.python}: {self._system.value} in {self._layout.dir},"
                f" modules in {self._layout.build_dir}, package in {self._layout.destdir}"
            )
        for directory in (self._layout.home_dir, self._layout.build_dir):
            Path(directory).mkdir(parents=True, exist_ok=True)
        self._hook("before")
        steps[self._step]()
        self._hook("after")
        if self._step is Step.INSTALL:
            self._move_extensions()

    def _configure(self) -> None:
        if self._system is not System.PYPROJECT:
            self._own_command()

    def _build(self) -> None:
        if self._system is not System.PYPROJECT:
            self._own_command()
            return
        from truewheel.debian.backend import build_wheel, unpack_wheel  # what it imports takes its time

        shell = self._shell("build")
        wheel = build_wheel(self._layout, shell, self._architecture)
        shell.echo(f"unpack {wheel.name}")
        unpack_wheel(wheel, self._layout, self._architecture, shell.environ)

    def _test(self) -> None:
        files = read_test_files(self._layout)
        copy_test_files(files, self._layout)
        if self._system is System.CUSTOM and self._layout.args:
            self._own_command()
            return
        runner = choose_runner(self._options, self._source.build_depends)
        args = default_test_args(runner, self._options, self._layout, [file.source for file in files])
        self._layout = replace(self._layout, args=args)
        if runner == "tox":
            self._test_by_tox()
            return
        self._configure_setup()
        tests = plan_tests(runner)
        self._command(tests.command, tests.fine)

    def _test_by_tox(self) -> None:
        from truewheel.debian.tox import plan_tox, tox_major
        from truewheel.debian.wheels import built_wheel

        shell = self._shell("test")
        major = tox_major(shell)
        # tox installs the project itself, and not where Debian wants it
        distutils.config_file(self._layout).unlink(missing_ok=True)
        if major >= 4:
            if self._system is System.DISTUTILS and not list(Path(self._layout.home_dir).glob("*.whl")):
                self._command(distutils.WHEEL_COMMAND)
            self._layout = replace(self._layout, wheel=str(built_wheel(self._layout)))
        self._command(plan_tox(self._files, major).command)

    def _install(self) -> None:
        remove_test_files(self._layout)
        if self._system is System.PYPROJECT:
            from truewheel.debian.installing import install_built

            self._request.echo(f"install {self._flavor.python} into {self._layout.destdir}")
            install_built(self._layout)
        else:
            if self._system is System.DISTUTILS:
                distutils.remove_egg_info(self._layout)
            self._own_command()
        self._check_destination()

    def _check_destination(self) -> None:
        """What lies in the directory of no package would be in none."""
        package, packages, directory = self._layout.package, self._source.packages, Path(self._layout.destdir)
        by_name = directory == Path(self._request.top, "debian", package) and directory.is_dir()
        told = (self._options.get("destdir", self._flavor) or "").rstrip("/").endswith(package)
        if by_name and packages and package not in packages and not told:
            raise RefusedInput(
                f"debian/control has no package {package}",
                subject=f"PYBUILD_NAME={self._options.overall('name')}",
                hint=f"name one of {', '.join(packages)}, or set PYBUILD_DESTDIR to where modules go",
            )

    def _move_extensions(self) -> None:
        target = self._options.get("ext_destdir", self._flavor)
        if target:
            from truewheel.debian.installing import move_extensions

            move_extensions(self._layout, self._options, str(Path(self._request.top, target)))

    def _clean(self) -> None:
        clean_source(self._layout.dir, self._system, self._source.build_depends)
        if self._system is System.PYPROJECT:
            clean_build(self._layout)
        elif self._system is System.CUSTOM or Path(self._flavor.python.binary).exists():
            self._own_command()

    def _own_command(self) -> None:
        """Run the step's command where it is setup.py's or the packager's."""
        if self._system is System.DISTUTILS:
            self._configure_setup()
            self._command(distutils.COMMANDS[self._step])
        elif self._layout.args:
            self._command(self._layout.args)
        else:
            self._request.echo(f"nothing to do: PYBUILD_{self._step.name}_ARGS is empty")

    def _configure_setup(self) -> None:
        if self._system is System.DISTUTILS:
            distutils.write_config(self._layout)

    def _command(self, template: str, fine: tuple[int, ...] = (0,)) -> None:
        command = render_command(template, self._layout, f"PYBUILD_{self._step.name}_ARGS")
        self._shell(self._step.value).run(command, "", fine)

    def _hook(self, when: str) -> None:
        name = f"{when}_{self._step.value}"
        template = self._options.get(name, self._flavor)
        if template:
            of = f"PYBUILD_{name.upper()}"
            self._shell(name, home=False).run(render(template, self._layout.variables(), of), of)

    @cached_property
    def _architecture(self) -> dict[str, str]:
        return read_architecture(self._request.environ)

    def _shell(self, name: str, home: bool = True) -> Shell:
        """Where commands run; with ``home`` their home is the flavor's, where setup.py is configured."""
        request = self._request
        environ = build_environment(self._source, request.environ, self._architecture, request.top)
        environ = flavor_environment(environ, self._layout, self._step)
        if home and self._system is System.PYPROJECT and self._step is Step.TEST:
            environ = scripts_environment(environ, self._layout)
        elif home and self._system is System.DISTUTILS:
            environ["HOME"] = self._layout.home_dir
        log = Path(self._layout.home_dir, f"{name}.log") if self._source.quiet else None
        return Shell(self._layout.dir, environ, request.echo, log)
