"""Real projects through the service leave the very schema that their own command leaves.

Light ones run in every test run; all of them under `make test-real`, which sets STILLROOM_REAL=all.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from real.by_hand import ByHand, schema_of
from real.chains import CHAINS, Chain
from real.distributions import make_repository
from real.installation import Service, service_for
from real.results import Result, keep
from stillroom_testing.servers import PostgresServer

_ALL = os.environ.get("STILLROOM_REAL") == "all"


def _cases() -> list[Any]:
    marks = {chain.name: [pytest.mark.real] if _ALL or not chain.light else [] for chain in CHAINS}
    return [pytest.param(chain, id=chain.name, marks=marks[chain.name]) for chain in CHAINS]


@pytest.mark.parametrize("chain", _cases())
async def test_a_real_project_ends_as_by_its_own_command(
    chain: Chain, installation: None, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    (tmp_path / "repository").mkdir()
    repository = make_repository(chain, tmp_path / "repository")
    result = Result.of(chain)
    async with service_for(chain, repository, postgres_server) as service:
        reading = await service.read_commit(chain)
        result.read(reading)
        assert reading.agree, f"{reading.ours.heads} read, Alembic has {reading.alembics}"
        assert (reading.commit.source == "alembic") is chain.asked, reading.commit.notes
        virtualenv, _code = await service.virtualenv()
        hand = ByHand(
            chain, tmp_path / "clone", virtualenv.path, postgres_server.new_database("hand"), tmp_path / "home"
        )
        hand.home.mkdir()
        hand.prepare(repository)
        try:
            await _through(chain, service, hand, result)
        finally:
            postgres_server.drop_database(hand.target)
    if _ALL:
        keep(result)


async def _through(chain: Chain, service: Service, hand: ByHand, result: Result) -> None:
    result.bare = hand.upgrade()
    done, result.ours = await service.timed("upgrade", chain.target)
    assert done.job.state == "succeeded", _why(done)
    assert done.job.outcome["code"] == "upgraded"
    result.done(done)
    assert schema_of(service.target) == schema_of(hand.target)
    if chain.back is not None:
        hand.downgrade()
        done, _ = await service.timed("downgrade", chain.back)
        assert done.job.state == "succeeded", _why(done)
        assert done.job.outcome["code"] == "downgraded"
        assert schema_of(service.target) == schema_of(hand.target)
        hand.upgrade()
        done, _ = await service.timed("upgrade", chain.target)
        assert done.job.state == "succeeded", _why(done)
        assert schema_of(service.target) == schema_of(hand.target)
    done, _ = await service.timed("upgrade", chain.target)
    assert done.job.state == "succeeded", _why(done)
    assert done.job.outcome["code"] == "nothing_to_do"


def _why(done: Any) -> str:
    return f"{done.job.error}\n{done.job.outcome}\n{done.told[-6000:]}"
