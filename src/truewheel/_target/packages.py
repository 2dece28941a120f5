"""Tells which distributions a Python has and what environment markers mean in it, as one line of JSON.

Run by the target Python with the environment of the package build. Standard library only, from 3.8 on. Keys:
``markers`` (PEP 508) and ``installed``, pairs of a name and a version in the order of the search path.
"""

import json
import os
import platform
import sys


def markers():
    # type: () -> dict[str, str]
    """Return the values of the environment markers, apart from ``extra``."""
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": implementation_version(),
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


def implementation_version():
    # type: () -> str
    """Return the version of the implementation as PEP 508 writes it."""
    info = sys.implementation.version
    level = "" if info.releaselevel == "final" else "{}{}".format(info.releaselevel[0], info.serial)
    return "{}.{}.{}{}".format(info.major, info.minor, info.micro, level)


def installed():
    # type: () -> list[list[str]]
    """Return name and version of each distribution whose metadata can be read."""
    from importlib import metadata

    found = []
    for distribution in metadata.distributions():
        fields = distribution.metadata
        if fields is not None and fields["Name"] and fields["Version"]:
            found.append([str(fields["Name"]), str(fields["Version"])])
    return found


def main():
    # type: () -> None
    """Print the answer; this script's own directory is no part of the search path."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if entry != here]
    print(json.dumps({"markers": markers(), "installed": installed()}))


if __name__ == "__main__":
    main()
