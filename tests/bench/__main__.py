"""`python -m bench`: measures everything in one run and writes docs/benchmarks.md."""

import argparse
import tempfile
import time
from pathlib import Path

from bench import measures
from bench.document import Found, write, write_open_pages, write_scrolling, write_several
from bench.open_pages import OpenPage, open_pages
from bench.scrolling import Scrolling, build_web, scrolling
from bench.several import Several, several
from bench.stack import stack
from bench.synthetic import make_repository

SCROLLED = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds, nothing is written")
    parser.add_argument("--scroll", action="store_true", help="only the scrolling of a long history in the browser")
    parser.add_argument("--pages", action="store_true", help="only what an open page costs a database")
    parser.add_argument("--scale", action="store_true", help="only two apis and three workers against one of each")
    given = parser.parse_args()
    if given.scale:
        write_several(_several())
        return
    build_web()
    if given.scroll:
        write_scrolling(_scrolled())
        return
    if given.pages:
        write_open_pages(_opened())
        return
    quick = given.quick
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
        if quick:
            print(latency.running, idle)
            return
        print("open pages …", flush=True)
        pages = open_pages(running, folder)
        print("several of each …", flush=True)
        more = several(running, folder)
        print("scrolling …", flush=True)
        smooth = scrolling(running, make_repository(folder / "scrolled", SCROLLED), SCROLLED)
    write(Found(upgrades, histories, latency, pages, more, smooth, idle, time.monotonic() - began))


def _opened() -> list[OpenPage]:
    with tempfile.TemporaryDirectory(prefix="stillroom-bench-") as named, stack() as running:
        folder = Path(named)
        folder.chmod(0o755)
        return open_pages(running, folder)


def _several() -> Several:
    with tempfile.TemporaryDirectory(prefix="stillroom-bench-") as named, stack() as running:
        folder = Path(named)
        folder.chmod(0o755)
        return several(running, folder)


def _scrolled() -> Scrolling:
    with tempfile.TemporaryDirectory(prefix="stillroom-bench-") as named, stack() as running:
        folder = Path(named)
        folder.chmod(0o755)
        return scrolling(running, make_repository(folder / "scrolled", SCROLLED), SCROLLED)


if __name__ == "__main__":
    main()
