"""A small file system for the worker's data, which a fault can fill; only root may mount one."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

SIZE_MB = 64


class SmallDisk:
    """A tmpfs at a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._filler = folder / "filler"

    @classmethod
    def at(cls, folder: Path) -> SmallDisk | None:
        """Mounts one; None where this user or this machine may not."""
        if os.geteuid() != 0 or shutil.which("mount") is None:
            return None
        argv = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=755", "none", str(folder)]
        done = subprocess.run(argv, check=False, capture_output=True)
        return cls(folder) if done.returncode == 0 else None

    def fill(self) -> None:
        """Leaves not one byte."""
        with contextlib.suppress(OSError), self._filler.open("wb", buffering=0) as file:
            while True:  # until the disk says that it is full
                if not file.write(b"x" * 65_536):
                    return

    def free(self) -> None:
        """Gives it back."""
        self._filler.unlink(missing_ok=True)

    def close(self) -> None:
        """Unmounts, also where something still looks at it."""
        subprocess.run(["umount", "--lazy", str(self._folder)], check=False, capture_output=True)
