"""`make chaos`: python -m chaos [COUNT] [SEED] [FAULT …]; writes docs/reliability.md after a whole campaign."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterable, Iterator

from chaos.campaign import order, prepare, run
from chaos.document import write
from chaos.faults import FAULTS
from chaos.installation import Installation


def main(count: int, seed: int, only: list[str]) -> int:
    """Runs the campaign; 0 only if nothing happened that never should."""
    faults = order(only or list(FAULTS), count, seed)
    print(f"{len(faults)} injections, seed {seed}", flush=True)
    began = time.monotonic()
    with Installation(databases=2, replicas=2) as installation:
        if installation.disk is None and "disk_full" in faults:
            print("disk_full is left out: only root may mount a small disk", flush=True)
            faults = [name for name in faults if name != "disk_full"]
        prepare(installation)
        table = run(installation, _until_interrupted(faults), seed, lambda line: print(line, flush=True))
        level = installation.isolation()
    write(table, seed, time.monotonic() - began, level)
    bad = [words for row in table.values() for words in row.words]
    print("\n".join(bad) if bad else "nothing that should never be", flush=True)
    return 1 if bad else 0


def _until_interrupted(faults: Iterable[str]) -> Iterator[str]:
    """Ctrl-C ends the campaign after the injection that runs, and what was seen until then is written."""
    interrupted: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: interrupted.append(number))
    for name in faults:
        if interrupted:
            return
        yield name


if __name__ == "__main__":
    # Told to stop, it ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    words = sys.argv[1:]
    unknown = [word for word in words[2:] if word not in FAULTS]
    if unknown:
        sys.exit(f"no such fault: {', '.join(unknown)}; there are {', '.join(FAULTS)}")
    sys.exit(main(int(words[0]) if words else 300, int(words[1]) if len(words) > 1 else 1, words[2:]))
