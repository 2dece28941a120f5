"""Odd wheels are installed whole, and a line warns of what is odd."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.hostile.defects import INIT, good
from tests.hostile.oddities import ODDITIES, Oddity
from tests.wheelbuilder import WheelBuilder
from truewheel.cli.main import main
from truewheel.record import read_rows, record_digest
from truewheel.rules import CHOICES
from truewheel.wheel.reader import read_wheel
