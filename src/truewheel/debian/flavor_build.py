"""One Python's share of a step: the facts that all its parts need, and the shell of its commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from truewheel.dataclass import dataclass, replace
from truewheel.debian.commands import Shell
from truewheel.debian.environment import build_environment, flavor_environment, scripts_environment
from truewheel.debian.host import Host
from truewheel.debian.layout import plan_layout
from truewheel.debian.model import Flavor, Layout, Source, Step, System, render, render_command
from truewheel.debian.options import Options
from truewheel.debian.source import choose_system, setup_file
from truewheel.errors import RefusedInput


@dataclass(frozen=True)
class StepRequest:
    """A step as debhelper asks for it; ``top`` is the directory debian/rules runs in, absolute.

    ``echo`` is called with each command, ``warn`` with each warning.
    """

    step: Step
    source: Source
    options: Options
    environ: Mapping[str, str]
    top: str
    host: Host
    echo: Callable[[str], None]
    warn: Callable[[str], None]


@dataclass(frozen=True)
class FlavorBuild:
    """A step for one Python; ``files`` are the names in the source's directory."""

    request: StepRequest
    layout: Layout
    system: System
    files: tuple[str, ...]

    @property
    def step(self) -> Step:
        """The step that debhelper asks for."""
        return self.request.step

    @property
    def flavor(self) -> Flavor:
        """The Python it is for."""
        return self.layout.flavor

    def with_layout(self, **changes: str) -> FlavorBuild:
        """Return the same step with other fields of its layout."""
        return replace(self, layout=replace(self.layout, **changes))  # type: ignore[arg-type]

    def command(self, template: str, fine: tuple[int, ...] = (0,)) -> None:
        """Run a command of the step; raises RefusedInput for an exit status that is not in ``fine``."""
        command = render_command(template, self.layout, f"PYBUILD_{self.step.name}_ARGS")
        self.shell(self.step.value).run(command, "", fine)

    def hook(self, when: str) -> None:
        """Run the command that PYBUILD_BEFORE or PYBUILD_AFTER gives, as ``when`` says."""
        name = f"{when}_{self.step.value}"
        template = self.request.options.get(name, self.flavor)
        if template:
            of = f"PYBUILD_{name.upper()}"
            self.shell(name, home=False).run(render(template, self.layout.variables(), of), of)

    def shell(self, name: str, home: bool = True) -> Shell:
        """Return the shell of commands; with ``home`` their HOME is the flavor's directory."""
        request = self.request
        environ = build_environment(request.source, request.environ, request.host, request.top)
        environ = flavor_environment(environ, self.layout, self.step)
        if home and self.system is System.PYPROJECT and self.step is Step.TEST:
            environ = scripts_environment(environ, self.layout)
        elif home and self.system is System.DISTUTILS:
            environ["HOME"] = self.layout.home_dir
        log = Path(self.layout.home_dir, f"{name}.log") if request.source.quiet else None
        return Shell(self.layout.dir, environ, request.echo, log)


def plan_build(request: StepRequest, flavor: Flavor) -> FlavorBuild:
    """Decide where and how a flavor is built; nothing is written.

    Raises RefusedInput where the source's directory is missing or its build system is not found.
    """
    layout = plan_layout(request.source, request.options, flavor, request.step, request.top, request.host)
    if not Path(layout.dir).is_dir():
        raise RefusedInput("is not a directory", subject=layout.dir, hint="set PYBUILD_DIR or --sourcedir")
    files = tuple(path.name for path in Path(layout.dir).iterdir())
    system = choose_system(request.options.overall("system"), request.source.build_depends, files)
    return FlavorBuild(request, replace(layout, setup_py=setup_file(files)), system, files)
