"""`python -m bench`: measures everything in one run and writes docs/benchmarks.md."""

import argparse
import tempfile
import time
from pathlib import Path

from bench import measures
from bench.document import Found, write
from bench.stack import stack


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds, nothing is written")
    quick = parser.parse_args().quick
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="stillroom-bench-") as named, stack() as running:
        folder = Path(named)
        folder.chmod(0o755)
        idle = {name: measures.memory(pid) for name, pid in running.processes.items()}
        print("upgrades …", flush=True)
        upgrades = measures.upgrades(running, folder, {1: 3} if quick else {1: 9, 100: 5, 1000: 3})
        for upgrade in upgrades:
            print(upgrade.revisions, upgrade.bare.shown(), upgrade.ours.shown(), upgrade.steps, flush=True)
        print("latency …", flush=True)
        latency = measures.latency(running, folder)
        print(latency.paced.shown(milliseconds=True), latency.burst.shown(milliseconds=True), flush=True)
        print("history …", flush=True)
        histories = measures.histories(running, folder, {1000: 1} if quick else {1000: 3, 10_000: 1})
        for history in histories:
            print(
                history.revisions, history.alembic.shown(), history.reader.shown(), history.cached.shown(), flush=True
            )
    found = Found(upgrades, histories, latency, idle, time.monotonic() - began)
    if quick:
        print(latency.running, idle)
    else:
        write(found)


if __name__ == "__main__":
    main()
