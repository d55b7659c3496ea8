"""What a terminal did to a database stands in the audit log as found; what a job did, does not stand there twice."""

from sqlalchemy import select

from stillroom_core.audit.models import AuditEntry
from stillroom_testing.jobs_scene import Scene, two_tables


async def found(scene: Scene) -> list[tuple[object, object]]:
    async with scene.room.database.everything() as session:
        database = await scene.database()
        rows = await session.scalars(
            select(AuditEntry)
            .where(AuditEntry.database_id == database.id, AuditEntry.outcome == "found")
            .order_by(AuditEntry.number)
        )
        return [(row.before, row.after) for row in rows]


async def test_a_move_from_elsewhere_is_told_once(scene: Scene) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    await scene.run("upgrade", "head")
    await scene.read()
    assert await found(scene) == []
    scene.ask("update alembic_version set version_num = 'aaa1' returning 1")
    await scene.read()
    await scene.read()
    assert await found(scene) == [({"heads": ["bbb2"]}, {"heads": ["aaa1"]})]
