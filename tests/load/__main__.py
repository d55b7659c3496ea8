"""`python -m load [SECTION …]`: measures and writes docs/load.md; each section stands for itself."""

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from bench.stack import Stack, stack

from load import document, price, throughput, watchers, years


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundredth of everything; nothing is written")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    given = parser.parse_args()
    if unknown := set(given.sections) - set(SECTIONS):
        parser.error(f"no such section: {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    with tempfile.TemporaryDirectory(prefix="stillroom-load-") as named, stack() as running:
        folder = Path(named)
        folder.chmod(0o755)
        repository, labels = throughput.prepare(running, folder)
        failed = []
        for name in given.sections or SECTIONS:
            began = time.monotonic()
            running.sign_in()
            try:
                text = SECTIONS[name](running, folder, repository, labels, given.quick)
            except Exception:
                # What was measured is written already, and the next section stands for itself.
                traceback.print_exc()
                failed.append(name)
                continue
            title, _, rest = text.partition("\n")
            text = f"{title}\n\n{document.measured(time.monotonic() - began)}{rest}"
            print(text, flush=True)
            if not given.quick:
                document.write([text])
    if failed:
        sys.exit(f'not measured: {", ".join(failed)}; again with make load ARGS="{" ".join(failed)}"')


def _jobs(running: Stack, _folder: Path, repository: Path, labels: list[str], quick: bool) -> str:
    return document.rates(throughput.rates(running, repository, labels, 1 if quick else 2))


def _walls(running: Stack, _folder: Path, repository: Path, _labels: list[str], quick: bool) -> str:
    return document.price(price.levels(running, repository, 1 if quick else 5), price.ways(running))


def _loud(running: Stack, folder: Path, _repository: Path, _labels: list[str], quick: bool) -> str:
    return document.loud(price.loud(running, folder, price.GIGABYTE // (50 if quick else 1)))


def _watchers(running: Stack, _folder: Path, _repository: Path, _labels: list[str], quick: bool) -> str:
    running.run_worker(0)  # a stand-in tells the story of the job
    try:
        found = [watchers.crowd(running, count) for count in ((10, 50) if quick else (1_000, 5_000))]
    finally:
        running.run_worker(2)
    return document.crowds(found)


def _years(running: Stack, _folder: Path, _repository: Path, _labels: list[str], quick: bool) -> str:
    jobs, events, asked = (1_000, 50_000, 20) if quick else (100_000, 5_000_000, 150)
    return document.years(years.years(running, jobs, events, asked))


# In the order of the page; after the last the tables are full.
SECTIONS: dict[str, Callable[[Stack, Path, Path, list[str], bool], str]] = {
    "jobs": _jobs,
    "walls": _walls,
    "loud": _loud,
    "watchers": _watchers,
    "years": _years,
}


if __name__ == "__main__":
    main()
