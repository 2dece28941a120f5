"""Install Python wheels into distribution buildroots, every byte a function of the inputs.

The names of ``__all__`` are the public API, described in docs/api.md; each is imported when first used.
"""

__version__ = "0.2.0"

_HOMES = {
    "check_import": "ImportFailure ImportRequest check_imports choose_modules",
    "audit.model": "Finding",
    "audit.selection": "Selection",
    "audit.verify": "Verified VerifyRequest verify",
    "errors": "CompileError ConflictRefused InterpreterError RefusedInput SchemeError StageError "
    "TargetDamaged TruewheelError Uncompilable UsageError WheelRefused",
    "fix_shebang": "fix_shebangs",
    "interpreter": "probe",
    "model": "ErrorPolicy InstallPaths InstallPlan Interpreter InvalidationMode Limits Manifest Scheme Wheel",
    "paths": "install_paths",
    "compilation": "compile_tree",
    "pipeline": "PreparedInstall install prepare_install",
    "request": "BytecodeOptions CompileRequest InstallRequest",
    "report.document": "compile_document install_document write_document",
    "report.reader": "InstallReport load_report",
    "schemes": "load_scheme shipped_schemes",
    "targets": "TargetOptions find_targets",
    "wheel.reader": "read_wheel",
}

TYPE_CHECKING = False  # importing typing would cost more than all of this module
if TYPE_CHECKING:
    from truewheel.audit.model import Finding
    from truewheel.audit.selection import Selection
    from truewheel.audit.verify import Verified, VerifyRequest, verify
    from truewheel.check_import import ImportFailure, ImportRequest, check_imports, choose_modules
    from truewheel.compilation import compile_tree
    from truewheel.errors import (
        CompileError,
        ConflictRefused,
        InterpreterError,
        RefusedInput,
        SchemeError,
        StageError,
        TargetDamaged,
        TruewheelError,
        Uncompilable,
        UsageError,
        WheelRefused,
    )
    from truewheel.fix_shebang import fix_shebangs
    from truewheel.interpreter import probe
    from truewheel.model import (
        ErrorPolicy,
        InstallPaths,
        InstallPlan,
        Interpreter,
        InvalidationMode,
        Limits,
        Manifest,
        Scheme,
        Wheel,
    )
    from truewheel.paths import install_paths
    from truewheel.pipeline import PreparedInstall, install, prepare_install
    from truewheel.report.document import compile_document, install_document, write_document
    from truewheel.report.reader import InstallReport, load_report
    from truewheel.request import BytecodeOptions, CompileRequest, InstallRequest
    from truewheel.schemes import load_scheme, shipped_schemes
    from truewheel.targets import TargetOptions, find_targets
    from truewheel.wheel.reader import read_wheel
else:

    def __getattr__(name: str) -> object:
        from importlib import import_module

        for module, names in _HOMES.items():
            if name in names.split():
                value = globals()[name] = getattr(import_module(f"truewheel.{module}"), name)
                return value
        raise AttributeError(f"module 'truewheel' has no attribute {name!r}")


__all__ = [
    "BytecodeOptions",
    "CompileError",
    "CompileRequest",
    "ConflictRefused",
    "ErrorPolicy",
    "Finding",
    "ImportFailure",
    "ImportRequest",
    "InstallPaths",
    "InstallPlan",
    "InstallReport",
    "InstallRequest",
    "Interpreter",
    "InterpreterError",
    "InvalidationMode",
    "Limits",
    "Manifest",
    "PreparedInstall",
    "RefusedInput",
    "Scheme",
    "SchemeError",
    "Selection",
    "StageError",
    "TargetDamaged",
    "TargetOptions",
    "TruewheelError",
    "Uncompilable",
    "UsageError",
    "Verified",
    "VerifyRequest",
    "Wheel",
    "WheelRefused",
    "__version__",
    "check_imports",
    "choose_modules",
    "compile_document",
    "compile_tree",
    "find_targets",
    "fix_shebangs",
    "install",
    "install_document",
    "install_paths",
    "load_report",
    "load_scheme",
    "prepare_install",
    "probe",
    "read_wheel",
    "shipped_schemes",
    "verify",
    "write_document",
]
