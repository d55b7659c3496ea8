"""A short campaign: the faults that found the most, each once. `make chaos` runs all of them, hundreds of times."""

from collections.abc import Iterator

import pytest

from chaos.campaign import prepare, run
from chaos.installation import Installation

QUICK = (
    *("runner", "supervisor", "broker", "metadata", "pause", "cut", "cancel", "duplicate", "everything"),
    *("metadata_cut", "clock_and_worker", "disk_full", "broker_black_hole"),
)


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with Installation(databases=2) as made:
        prepare(made)
        yield made


@pytest.mark.parametrize("fault", QUICK)
def test_nothing_is_lost_doubled_stuck_or_untrue_after(installation: Installation, fault: str) -> None:
    if fault == "disk_full" and installation.disk is None:
        pytest.skip("only root may mount a small disk")
    table = run(installation, [fault], seed=QUICK.index(fault))
    assert table[fault].clean, table[fault].words
