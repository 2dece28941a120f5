"""``truewheel inject-sbom``: tell in wheels which rpm package they are from."""

from __future__ import annotations

import argparse

from truewheel.cli.parser import any_path
from truewheel.rpm.sbom import bill_of_materials, inject_sbom


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("wheels", nargs="+", type=any_path, metavar="WHEEL", help="a wheel, changed in place")
    parser.add_argument(
        "--purl",
        required=True,
        metavar="PURL",
        help="the package, such as pkg:rpm/fedora/python-demo@1.2-3?arch=src",
    )


def run(options: argparse.Namespace) -> int:
    """Write the bill of materials into each wheel."""
    inject_sbom(options.wheels, bill_of_materials(options.purl))
    return 0
