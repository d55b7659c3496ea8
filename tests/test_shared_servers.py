"""The shared fixtures give what the other tests rely on."""

import psycopg
import redis

from stillroom_testing.servers import PostgresServer


def test_every_call_gives_an_empty_database_of_its_own(postgres_server: PostgresServer) -> None:
    first, second = postgres_server.new_database(), postgres_server.new_database("other")
    assert first.database != second.database
    with psycopg.connect(first.url) as connection:
        row = connection.execute(
            "SELECT current_database(), current_setting('server_version_num')::int >= 170000"
        ).fetchone()
    assert row == (first.database, True)
    postgres_server.drop_database(first)


def test_an_address_does_not_show_its_password(postgres_server: PostgresServer) -> None:
    if postgres_server.password:
        assert postgres_server.password not in repr(postgres_server)


def test_valkey_answers(redis_url: str) -> None:
    assert redis.from_url(redis_url).ping()
