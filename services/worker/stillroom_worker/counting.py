"""Lets the processes of a worker count together: imported before anything that counts.

The metrics library decides when it is loaded whether a process counts for itself or with others, in files of a folder
that all of them share. The folder is the worker's alone and is removed when the worker ends.
"""

import atexit
import os
import shutil
import sys
import tempfile

from stillroom_core.settings import get_settings

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def _begin() -> None:
    runs_jobs = "worker" in sys.argv  # and not, for example, `celery inspect ping`, which imports the same application
    if not runs_jobs or os.environ.get(_FOLDER) or not get_settings().operator_bind:
        return
    owner, folder = os.getpid(), tempfile.mkdtemp(prefix="stillroom-metrics-")
    os.environ[_FOLDER] = folder

    def remove() -> None:
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)


_begin()
