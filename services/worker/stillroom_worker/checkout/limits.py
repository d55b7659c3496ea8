"""How much one fetch and one export may use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class FetchLimits:
    """Bounds of one fetch. Sizes in bytes.

    `file_bytes` is the largest file that git may write (a pack); `memory_bytes` and `cpu` are per process.
    `tip_time` is what remains reserved for a fetch without history when the whole history takes too long.
    """

    file_bytes: int = 2048 * MIB
    memory_bytes: int = 3072 * MIB
    cpu: timedelta = timedelta(minutes=5)
    time: timedelta = timedelta(minutes=10)
    tip_time: timedelta = timedelta(minutes=3)


@dataclass(frozen=True, kw_only=True)
class ExportLimits:
    """Bounds of one export. A repository of 60,000 files or 1 GiB is beyond what carries migrations."""

    files: int = 60_000
    entries: int = 100_000
    file_bytes: int = 64 * MIB
    total_bytes: int = 1024 * MIB
    time: timedelta = timedelta(minutes=5)
