"""Who somebody is, what they may do and where a stream begins stay cheap in a large installation."""

from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from sqlalchemy import select

from stillroom_api.live.rights import Identity
from stillroom_core.actors.repository import actors_of_all
from stillroom_core.members.models import User
from stillroom_core.sessions.tokens import read
from stillroom_testing.explained import explained
from stillroom_testing.installations import owner_url

PEOPLE = 10_000
LARGE = {
    "users",
    "organizations",
    "memberships",
    "project_memberships",
    "environment_memberships",
    "groups",
    "group_members",
    "group_roles",
    "refresh_tokens",
    "api_tokens",
}

# Everybody is in one of five thousand organizations, and has there a role in the project and in its environment, a
# group, a sign-in and a token.
_MANY = """
create temporary table many as
select g, gen_random_uuid() as id from generate_series(1, %(people)s) g;
create temporary table places as
select g, gen_random_uuid() as org, gen_random_uuid() as project, gen_random_uuid() as environment,
  gen_random_uuid() as team from generate_series(0, 4999) g;
insert into users select (jsonb_populate_record(u, jsonb_build_object(
  'id', many.id, 'email', 'person-' || many.g || '@many.example'))).* from users u, many where u.email = %(email)s;
insert into organizations select (jsonb_populate_record(o, jsonb_build_object(
  'id', places.org, 'slug', 'many-' || places.g))).* from organizations o, places where o.slug = 'own';
insert into projects select (jsonb_populate_record(p, jsonb_build_object(
  'id', places.project, 'organization_id', places.org))).*
from projects p, places where p.id = (select p.id from projects p join organizations o on o.id = p.organization_id
  where o.slug = 'own' order by p.id limit 1);
insert into environments select (jsonb_populate_record(e, jsonb_build_object(
  'id', places.environment, 'organization_id', places.org, 'project_id', places.project))).*
from environments e, places where e.id = (select e.id from environments e
  join organizations o on o.id = e.organization_id where o.slug = 'own' order by e.id limit 1);
create temporary table sits as select many.id as person, places.* from many join places on places.g = many.g %% 5000;
insert into memberships (organization_id, user_id, role) select org, person, 'member' from sits;
insert into project_memberships (organization_id, project_id, user_id, role)
select org, project, person, 'viewer' from sits;
insert into environment_memberships (organization_id, environment_id, user_id, project_id, role)
select org, environment, person, project, 'operator' from sits;
insert into groups (id, organization_id, name) select team, org, 'Team' from places;
insert into group_members (organization_id, group_id, user_id) select org, team, person from sits;
insert into group_roles (id, organization_id, group_id, project_id, role)
select gen_random_uuid(), org, team, project, 'viewer' from places;
insert into refresh_tokens (id, user_id, family_id, token_hash, expires_at, user_agent, address)
select gen_random_uuid(), person, gen_random_uuid(), sha256(person::text::bytea), now() + interval '1 day', '', ''
from sits;
insert into api_tokens (id, organization_id, user_id, kind, name, token_hash, permissions, networks, expires_at,
  created_by)
select gen_random_uuid(), org, person, 'person', 'many', sha256(person::text::bytea), '[]', '[]',
  now() + interval '1 day', 'many' from sits;
"""


def _fill() -> None:
    with psycopg.connect(owner_url(), autocommit=True) as connection:
        with connection.transaction():
            # Foreign keys that hold by construction need not be looked up.
            connection.execute("set local session_replication_role = replica")
            for statement in _MANY.split(";\n"):
                if statement.strip():
                    connection.execute(statement, {"people": PEOPLE, "email": "owner@own.example"})
        connection.execute(f"vacuum analyze {', '.join(sorted(LARGE))}")


async def test_no_look_at_somebodys_rights_reads_or_sorts_a_whole_table(api: Any) -> None:
    _fill()
    context = api.app.state.context
    engine = context.database.engine
    one = "person-4321@many.example"
    headers = await api.sign_in(one)
    claims = read(context.settings, headers["Authorization"].partition(" ")[2])
    async with context.database.unscoped() as session:
        few = list(await session.scalars(select(User).where(User.email.like("person-77_@many.example"))))
    assert len(few) == 10

    def asking(path: str) -> Callable[[], Awaitable[Any]]:
        async def ask() -> None:
            answer = await api.client.get(path, headers=headers)
            assert answer.status_code == 200, answer.text

        return ask

    async def watching() -> None:
        async with context.rights.guest(Identity(claims.user_id, claims=claims)):
            pass

    async def many_at_once() -> None:
        async with context.database.unscoped() as session:
            assert all((await actors_of_all(session, few)).values())

    questions: dict[str, Callable[[], Awaitable[Any]]] = {
        "oneself": asking("/api/me"),
        "one's projects": asking("/api/orgs/many-4321/projects"),
        "one's jobs": asking("/api/jobs?org=many-4321"),
        "a live connection": watching,
        "all live connections": many_at_once,
    }
    faults = {
        name: found for name, ask in questions.items() if (found := (await explained(engine, ask, LARGE)).faults())
    }
    assert faults == {}
