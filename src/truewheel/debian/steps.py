"""Carry out one step of debhelper for every Python, the default one last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from truewheel.debian.cleaning import clean_build, clean_source, clean_top
from truewheel.debian.commands import (
    SETUP_COMMANDS,
    WHEEL_COMMAND,
    config_file,
    remove_egg_info,
    write_config,
)
from truewheel.debian.destinations import lost_layouts, refuse_lost
from truewheel.debian.flavor_build import FlavorBuild, StepRequest, plan_build
from truewheel.debian.interpreters import choose_flavors
from truewheel.debian.layout import plan_layout
from truewheel.debian.model import EXCLUDE, Flavor, Layout, Step, System
from truewheel.debian.options import is_disabled
from truewheel.debian.testfiles import copy_test_files, read_test_files, remove_test_files
from truewheel.debian.testing import choose_runner, default_test_args, is_nocheck, plan_tests
from truewheel.errors import TruewheelError
from truewheel.textfile import read_bytes

# a failure of one Python does not keep the others from being tried
_ALL_ARE_TRIED = (Step.BUILD, Step.TEST)


def run_step(request: StepRequest) -> Iterator[TruewheelError]:
    """Carry out a step for each Python; yields the failures as they come.

    Raises the TruewheelError of whatever keeps the step from being begun. Modules that no package has are a
    warning at the end of the install step.
    """
    environ = request.environ
    if request.step is Step.TEST and is_nocheck(
        environ.get("DEB_BUILD_OPTIONS", ""), environ.get("DEB_BUILD_PROFILES", "")
    ):
        return
    chosen = choose_flavors(request.options, request.source.build_depends, request.host.pythons)
    flavors = [flavor for flavor in chosen if not is_disabled(request.options, request.step, flavor)]
    lost = _lost(request, flavors) if request.step is Step.INSTALL else []
    for flavor in flavors:
        try:
            _carry_out(plan_build(request, flavor))
        except TruewheelError as error:
            subject = f"{request.step.value} for {flavor.python}"
            error.subject = f"{subject}: {error.subject}" if error.subject else subject
            yield error
            if request.step not in _ALL_ARE_TRIED:
                return
    for layout in lost:
        if Path(layout.destdir).is_dir():
            request.warn(
                f"{layout.destdir}: debian/control has no package {layout.package}: these modules are in no"
                " package, unless debian/rules moves them"
            )
    if request.step is Step.CLEAN:
        clean_top(request.top)


def _lost(request: StepRequest, flavors: Sequence[Flavor]) -> list[Layout]:
    """Find the Pythons whose modules no package has; refuses where nothing at all would be packaged."""
    source, options = request.source, request.options
    layouts = [
        plan_layout(source, options, flavor, request.step, request.top, request.host) for flavor in flavors
    ]
    lost = lost_layouts(layouts, source.packages, options, request.top)
    if lost and len(lost) == len(layouts):
        refuse_lost(lost, source.packages, options, request.top)
    return lost


def _carry_out(build: FlavorBuild) -> None:
    """Carry out the step for one Python, between the commands of PYBUILD_BEFORE and PYBUILD_AFTER."""
    layout = build.layout
    if build.request.source.verbose:
        build.request.echo(
            f"{build.flavor.python}: {build.system.value} in {layout.dir},"
            f" modules in {layout.build_dir}, package in {layout.destdir}"
        )
    for directory in (layout.home_dir, layout.build_dir):
        Path(directory).mkdir(parents=True, exist_ok=True)
    build.hook("before")
    _STEPS[build.step](build)
    build.hook("after")
    if build.step is Step.INSTALL:
        _move_extensions(build)


def _configure(build: FlavorBuild) -> None:
    if build.system is not System.PYPROJECT:
        _own_command(build)


def _build(build: FlavorBuild) -> None:
    if build.system is not System.PYPROJECT:
        if build.request.environ.get(EXCLUDE):
            build.request.warn(f"{EXCLUDE} leaves nothing out: {build.system.value} builds no wheel")
        _own_command(build)
        return
    from truewheel.debian.backend import build_wheel  # its imports take long, and only this step needs them
    from truewheel.debian.wheels import unpack_wheel
    from truewheel.report.text import warned_line

    shell, host = build.shell("build"), build.request.host
    wheel = build_wheel(build.layout, shell, host)
    shell.echo(f"unpack {wheel.name}")
    for warned in unpack_wheel(wheel, build.layout, host, shell.environ).warnings:
        build.request.warn(warned_line(warned))


def _test(build: FlavorBuild) -> None:
    files = read_test_files(build.layout)
    copy_test_files(files, build.layout)
    if build.system is System.CUSTOM and build.layout.args:
        _own_command(build)
        return
    options = build.request.options
    runner = choose_runner(options, build.request.source.build_depends)
    args = default_test_args(runner, options, build.layout, [file.source for file in files])
    build = build.with_layout(args=args)
    if runner == "tox":
        _test_by_tox(build)
        return
    if build.system is System.DISTUTILS:
        write_config(build.layout)
    if not runner and _tests_by_setup_py(build):
        build.command(SETUP_COMMANDS[Step.TEST])
        return
    tests = plan_tests(runner)
    build.command(tests.command, tests.fine)


def _tests_by_setup_py(build: FlavorBuild) -> bool:
    """Whether setup.py names its tests, which a pybuild before dh-python 6 lets it run."""
    if build.system is not System.DISTUTILS or build.request.host.dh_python >= 6:
        return False
    return b"test_suite" in read_bytes(Path(build.layout.dir, build.layout.setup_py))


def _test_by_tox(build: FlavorBuild) -> None:
    from truewheel.debian.testing import plan_tox, tox_major
    from truewheel.debian.wheels import built_wheel

    major = tox_major(build.shell("test"))
    # tox installs the project itself, outside of Debian's directories
    config_file(build.layout).unlink(missing_ok=True)
    if major >= 4:
        if build.system is System.DISTUTILS and not list(Path(build.layout.home_dir).glob("*.whl")):
            build.command(WHEEL_COMMAND)
        build = build.with_layout(wheel=str(built_wheel(build.layout)))
    build.command(plan_tox(build.files, major).command)


def _install(build: FlavorBuild) -> None:
    remove_test_files(build.layout)
    if build.system is System.PYPROJECT:
        from truewheel.debian.installing import install_built

        build.request.echo(f"install {build.flavor.python} into {build.layout.destdir}")
        install_built(build.layout)
    else:
        if build.system is System.DISTUTILS:
            remove_egg_info(build.layout)
        _own_command(build)


def _move_extensions(build: FlavorBuild) -> None:
    target = build.request.options.get("ext_destdir", build.flavor)
    if target:
        from truewheel.debian.installing import move_extensions

        move_extensions(build.layout, build.request.options, str(Path(build.request.top, target)))


def _clean(build: FlavorBuild) -> None:
    request = build.request
    clean_source(build.layout.dir, build.system, request.source.build_depends, request.host.dh_python)
    if build.system is System.PYPROJECT:
        clean_build(build.layout)
    elif build.system is System.CUSTOM or Path(build.flavor.python.binary).exists():
        _own_command(build)


def _own_command(build: FlavorBuild) -> None:
    """Run the step's command where it is setup.py's or the packager's."""
    if build.system is System.DISTUTILS:
        write_config(build.layout)
        build.command(SETUP_COMMANDS[build.step])
    elif build.layout.args:
        build.command(build.layout.args)
    else:
        build.request.echo(f"nothing to do: PYBUILD_{build.step.name}_ARGS is empty")


_STEPS = {
    Step.CONFIGURE: _configure,
    Step.BUILD: _build,
    Step.TEST: _test,
    Step.INSTALL: _install,
    Step.CLEAN: _clean,
}
