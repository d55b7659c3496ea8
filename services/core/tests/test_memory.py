"""The garbage collector does not walk what a process loaded at its start."""

import subprocess
import sys

_COUNTING = """
import gc
from stillroom_core.memory import keep_for_good
import stillroom_core.models
before = len(gc.get_objects())
keep_for_good()
first = gc.get_freeze_count()
kept_alive = [[number] for number in range(2000)]
keep_for_good()
print(before, len(gc.get_objects()), first, gc.get_freeze_count())
"""


def test_what_was_loaded_is_not_walked_again_and_what_comes_later_is() -> None:
    answer = subprocess.run([sys.executable, "-c", _COUNTING], capture_output=True, text=True, check=True).stdout
    before, after, first, second = map(int, answer.split())
    assert first > 0.9 * before
    assert 1_000 < after < 0.1 * before
    assert second <= first
