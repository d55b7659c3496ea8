"""Copied as sitecustomize.py beside a worker and a scheduler: their clock is wrong by what a file says.

The monotonic clock is left alone, as a jump of a host's clock leaves it alone.
"""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import stillroom_core.tables

_true_time = time.time


def _shift() -> float:
    try:
        return float(Path(os.environ["CHAOS_CLOCK"]).read_text() or 0)
    except OSError:
        return 0.0


def _wrong_time() -> float:
    return _true_time() + _shift()


def _wrong_now() -> datetime:
    return datetime.fromtimestamp(_wrong_time(), UTC)


if "CHAOS_CLOCK" in os.environ:
    time.time = _wrong_time
    stillroom_core.tables.now = _wrong_now
