"""The engine of this machine, where it has one."""

import pytest

from containers.engine import compose_program


@pytest.fixture(scope="session")
def program() -> list[str]:
    found = compose_program()
    if found is None:
        pytest.skip("needs a Docker engine and Compose 2 (docker compose, or docker-compose on PATH)")
    return found
