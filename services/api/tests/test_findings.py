"""What is told of revisions and of plans before anything runs."""

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select, update

from stillroom_core.catalogues.models import Catalogue
from stillroom_core.databases.models import Database
from stillroom_core.findings import service
from stillroom_core.keys import new_key
from stillroom_core.projects.models import RevisionSource
from stillroom_core.tables import now
from stillroom_testing.commits import add_commit

OWNER = "owner@own.example"
HISTORY: Mapping[str, tuple[str, ...]] = {"aaa1": (), "bbb2": ("aaa1",), "ccc3": ("bbb2",), "ddd4": ("ccc3",)}
FILES = {
    "aaa1": "def upgrade():\n    op.create_table('orders', sa.Column('id', sa.Integer()))\n\n\n"
    "def downgrade():\n    op.drop_table('orders')\n",
    "bbb2": "def upgrade():\n    op.create_index('ix', 'orders', ['id'])\n    op.drop_column('orders', 'code')\n\n\n"
    "def downgrade():\n    op.drop_index('ix', 'orders')\n",
    "ccc3": "def upgrade():\n    op.create_index('iy', 'tiny', ['id'], schema='shop')\n\n\n"
    "def downgrade():\n    pass\n",
}
MANY = 12_000_000


@pytest.fixture
async def shop(api: Any) -> Any:
    """The project `own/shop` with three files that are known and one that is not; its database is at aaa1."""
    database = api.app.state.context.database
    digests = {key: hashlib.sha256(text.encode()).hexdigest() for key, text in FILES.items()}
    commit = await add_commit(database, "own", HISTORY, digests)
    async with database.everything() as session:
        for key, text in FILES.items():
            session.add(
                RevisionSource(
                    organization_id=commit.organization_id,
                    project_id=commit.project_id,
                    digest=digests[key],
                    text=text,
                )
            )
    await stands_at(api, ["aaa1"])
    return api


async def stands_at(api: Any, heads: list[str]) -> None:
    async with api.app.state.context.database.everything() as session:
        await session.execute(
            update(Database)
            .where(Database.name == "db-mine")
            .values(heads=heads, version_tables=[{"table": "alembic_version"}])
        )


async def read_catalogue(api: Any, *tables: tuple[str, str, list[int] | None]) -> None:
    """The database was read, and had these tables with [rows, bytes, bytes of indexes]."""
    async with api.app.state.context.database.everything() as session:
        mine = (await session.scalars(select(Database).where(Database.name == "db-mine"))).one()
        session.add(
            Catalogue(
                id=new_key(),
                organization_id=mine.organization_id,
                database_id=mine.id,
                read_at=now(),
                server_version="18",
                digest=b"d",
                listing=[["table", schema, name, "00", ""] for schema, name, _ in tables],
                figures=[figures for _, _, figures in tables],
            )
        )


async def plan(api: Any, kind: str, revision: str) -> str:
    content = {"project": "shop", "environment": "dev", "kind": kind, "revision": revision}
    answer = await api.call(OWNER, "POST", "/api/migrations/plan", json=content)
    assert answer.status_code == 201, answer.text
    key: str = answer.json()["id"]
    return key


async def findings(api: Any, key: str) -> tuple[dict[str, Any], Any]:
    answer = (await api.call(OWNER, "GET", f"/api/plans/{key}/findings")).json()
    told = {
        step["revision"]: step["findings"]
        and [(one["code"], one["severity"], one["table"], one["name"], one["line"]) for one in step["findings"]]
        for step in answer["steps"]
    }
    return told, answer


def of_revision(revision: str, **query: str) -> tuple[str, dict[str, Any]]:
    return f"/api/migrations/revisions/{revision}/findings", {"params": {"project": "own/shop", **query}}


async def test_a_stranger_learns_nothing_of_a_revision_or_a_plan(shop: Any) -> None:
    path, query = of_revision("bbb2")
    key = await plan(shop, "upgrade", "head")
    for who, status in ((None, 401), ("owner@other.example", 404)):
        assert (await shop.call(who, "GET", path, **query)).status_code == status
        assert (await shop.call(who, "GET", f"/api/plans/{key}/findings")).status_code == status


async def test_a_viewer_sees_what_a_revision_may_do_with_its_lines(shop: Any) -> None:
    await shop.person("viewer@own.example", "own", "member", "viewer")
    path, query = of_revision("bbb2")
    found = (await shop.call("viewer@own.example", "GET", path, **query)).json()["findings"]
    assert [(one["code"], one["line"], one["lock"], one["rows"], one["size"]) for one in found] == [
        ("index_blocks_writes", 2, "SHARE", "reads", None),
        ("column_dropped", 3, "ACCESS EXCLUSIVE", None, None),
    ]
    assert found[0]["title"] and found[0]["fix"]
    path, query = of_revision("bbb", direction="downgrade")
    found = (await shop.call("viewer@own.example", "GET", path, **query)).json()["findings"]
    assert [one["code"] for one in found] == ["index_dropped"]
    path, query = of_revision("ddd4")
    assert (await shop.call(OWNER, "GET", path, **query)).json() == {"findings": None}
    path, query = of_revision("zzz9")
    assert (await shop.call(OWNER, "GET", path, **query)).status_code == 404


async def test_a_plan_tells_of_each_step_with_the_sizes_of_its_database(shop: Any) -> None:
    key = await plan(shop, "upgrade", "head")
    told, answer = await findings(shop, key)
    assert list(told) == ["bbb2", "ccc3", "ddd4"]
    assert told["bbb2"] == [
        ("index_blocks_writes", "warning", "orders", "ix", 2),
        ("column_dropped", "danger", "orders", "code", 3),
    ]
    assert told["ccc3"] == [
        ("index_blocks_writes", "warning", "tiny", "iy", 2),
        ("no_way_back", "note", "", "", 5),
    ]
    assert told["ddd4"] is None
    assert answer["read_at"] is None

    await read_catalogue(shop, ("public", "orders", [MANY, 3_000_000_000, 200_000_000]), ("shop", "tiny", [3, 8192, 0]))
    told, answer = await findings(shop, key)
    assert [one[1] for one in told["bbb2"]] == ["warning", "danger"]
    assert [one[1] for one in told["ccc3"]] == ["note", "note"]  # an index on three rows keeps nobody waiting
    assert answer["steps"][0]["findings"][0]["size"] == {"rows": MANY, "bytes": 3_200_000_000}
    assert answer["read_at"] is not None


async def test_a_table_of_another_schema_or_one_that_was_never_counted_has_no_size(shop: Any) -> None:
    key = await plan(shop, "upgrade", "head")
    await read_catalogue(
        shop,
        ("a", "orders", [MANY, 1, 1]),
        ("b", "orders", [MANY, 1, 1]),
        ("other", "tiny", [3, 8192, 0]),
    )
    told, answer = await findings(shop, key)
    assert {one["size"] is None for step in answer["steps"][:2] for one in step["findings"]} == {True}
    await read_catalogue(shop, ("a", "orders", [-1, 0, 0]), ("shop", "tiny", None))
    told, answer = await findings(shop, key)
    assert answer["steps"][0]["findings"][0]["size"] == {"rows": None, "bytes": None}
    assert [one[1] for one in told["bbb2"] + told["ccc3"]] == ["warning", "danger", "warning", "note"]


async def test_what_an_earlier_step_of_the_plan_makes_is_new_and_nobody_waits_for_it(shop: Any) -> None:
    await stands_at(shop, [])
    told, _ = await findings(shop, await plan(shop, "upgrade", "bbb2"))
    assert told == {"aaa1": [], "bbb2": []}


async def test_a_downgrade_is_judged_by_what_goes(shop: Any) -> None:
    await stands_at(shop, ["bbb2"])
    told, _ = await findings(shop, await plan(shop, "downgrade", "base"))
    assert told == {
        "bbb2": [("index_dropped", "note", "orders", "ix", 7)],
        "aaa1": [("table_dropped", "danger", "orders", "", 6)],
    }


async def test_the_same_file_is_read_once_whoever_has_it(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_files", {})
    key = await plan(shop, "upgrade", "head")
    first, _ = await findings(shop, key)
    monkeypatch.setattr(service, "read_revision", None)  # would fail if it were called
    assert (await findings(shop, key))[0] == first


async def test_a_long_file_is_not_judged_and_many_are_judged_in_several_requests(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await plan(shop, "upgrade", "head")
    monkeypatch.setattr(service, "_files", {})
    monkeypatch.setattr(service, "LONGEST", len(FILES["ccc3"]))
    told, _ = await findings(shop, key)
    assert (told["bbb2"], told["ccc3"] is None) == (None, False)
    path, query = of_revision("bbb2")
    assert (await shop.call(OWNER, "GET", path, **query)).json() == {"findings": None}
    monkeypatch.setattr(service, "_files", {})
    monkeypatch.setattr(service, "LONGEST", 1_000)
    monkeypatch.setattr(service, "MOST_AT_ONCE", len(FILES["bbb2"]))
    first, _ = await findings(shop, key)
    then, _ = await findings(shop, key)
    assert [list(told.values()).count(None) for told in (first, then)] == [2, 1]
