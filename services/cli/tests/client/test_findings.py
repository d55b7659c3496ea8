"""`stillroom plan` says what in its steps may hurt, and stops a pipeline where it is asked to."""

import json
import re

import pytest

from stillroom_testing.stand_in_worker import StandInWorker

from .conftest import SHOP, Stillroom

Printed = pytest.CaptureFixture[str]

FILES = {
    "b.py": 'def upgrade():\n    op.create_index("ix_total", "orders", ["total"], schema="shop")\n\n\n'
    'def downgrade():\n    op.drop_index("ix_total", "orders", schema="shop")\n',
    "c.py": 'def upgrade():\n    op.drop_column("orders", "note")\n\n\ndef downgrade():\n    pass\n',
    "d.py": "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n",
}


@pytest.fixture
async def plan(
    stillroom: Stillroom, worker: StandInWorker, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> Stillroom:
    await worker.ensure_commit(SHOP, FILES)
    monkeypatch.setenv("STILLROOM_ENVIRONMENT", "dev")
    assert stillroom("login") == 0
    capsys.readouterr()
    return lambda *words: stillroom("plan", *words)


async def test_each_finding_stands_under_its_step_with_its_fix_and_the_sum_below(
    plan: Stillroom, worker: StandInWorker, capsys: Printed
) -> None:
    await worker.stands("dev", ["aaaa00000001"])
    assert plan("upgrade", "head") == 0
    printed = capsys.readouterr().out
    assert re.search(
        r" ↑ cccc00000003  prices\n"
        r"       danger orders\.note, line 2: The values of the column are gone, .*\n"
        r"         First a release that does not use it; .*\n",
        printed,
    )
    assert (
        "       warning shop.orders.ix_total, line 2: Nobody writes to the table until the index is built." in printed
    )
    assert re.search(
        r"\n1 danger, 1 warning(, \d notes?)?; how large the tables are is not known\.\nRun exactly", printed
    )


async def test_a_file_that_is_not_there_is_told_as_not_read_and_a_harmless_plan_as_harmless(
    plan: Stillroom, worker: StandInWorker, capsys: Printed
) -> None:
    await worker.stands("dev", [])
    assert plan("upgrade", "aaaa00000001") == 0
    printed = capsys.readouterr().out
    assert "customers\n       not read: nobody can say what it does before it runs\n1 file not read.\n" in printed
    await worker.stands("dev", ["bbbb00000002", "cccc00000003"])
    assert plan("upgrade", "head") == 0
    assert "together\nNothing here is known to hurt.\n" in capsys.readouterr().out


async def test_the_json_has_the_findings_with_the_plan(plan: Stillroom, worker: StandInWorker, capsys: Printed) -> None:
    await worker.stands("dev", ["aaaa00000001"])
    assert plan("upgrade", "cccc00000003", "--json") == 0
    made = json.loads(capsys.readouterr().out)
    (step,) = made["findings"]["steps"]
    assert (step["revision"], step["findings"][0]["code"]) == ("cccc00000003", "column_dropped")
    assert made["steps"][0]["revision"] == "cccc00000003"


async def test_a_check_ends_with_1_where_there_is_a_danger_and_with_0_for_a_warning(
    plan: Stillroom, worker: StandInWorker, capsys: Printed
) -> None:
    await worker.stands("dev", ["aaaa00000001"])
    assert plan("upgrade", "cccc00000003", "--check") == 1
    assert "stillroom upgrade --plan " in capsys.readouterr().out
    assert plan("upgrade", "cccc00000003", "--check", "--json") == 1
    assert json.loads(capsys.readouterr().out)["id"]
    assert plan("upgrade", "bbbb00000002", "--check") == 0
    assert plan("stamp", "head", "--check") == 0


async def test_an_older_server_tells_nothing_and_the_plan_is_printed_all_the_same(
    plan: Stillroom, worker: StandInWorker, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stillroom_cli.client.findings._PATH", "/api/plans/{}/not-yet")
    await worker.stands("dev", ["aaaa00000001"])
    assert plan("upgrade", "cccc00000003") == 0
    assert re.search(r"1 ↑ cccc00000003  prices\nRun exactly this", capsys.readouterr().out)
    assert plan("upgrade", "cccc00000003", "--json") == 0
    assert json.loads(capsys.readouterr().out)["findings"] is None
    # A check that checked nothing must not look like one that found nothing.
    assert plan("upgrade", "cccc00000003", "--check") == 4
    assert "does not tell what in a plan may hurt" in capsys.readouterr().err
