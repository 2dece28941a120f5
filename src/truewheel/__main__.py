"""``python -m truewheel``."""

from truewheel.cli.main import run

run()
