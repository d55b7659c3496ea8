"""Sealed values open only where they belong, under any key that is still configured."""

import base64
from collections.abc import Iterator
from uuid import uuid4

import pytest

from stillroom_core.errors import Unavailable
from stillroom_core.sealing import Address, key_of, newest_key, seal, unseal
from stillroom_core.settings import get_settings, parse_sealing_keys

OLD = "old:" + base64.b64encode(b"o" * 32).decode()
NEW = "new:" + base64.b64encode(b"n" * 32).decode()


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "DATABASE_URL": "postgresql://localhost/none",
        "REDIS_URL": "redis://:none@localhost",
        "STILLROOM_SECRET_KEY": "k" * 32,
        "STILLROOM_SEALING_KEYS": OLD,
        "STILLROOM_DATA_DIR": "/nowhere",
    }.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def keys(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("STILLROOM_SEALING_KEYS", value)
    get_settings.cache_clear()


def test_a_sealed_value_opens_at_its_own_address() -> None:
    address = Address(uuid4(), uuid4(), "password")
    sealed = seal(address, "пароль %@/")
    assert unseal(address, sealed) == "пароль %@/"
    assert "пароль".encode() not in sealed


@pytest.mark.parametrize("part", ["organization", "row", "field"])
def test_a_value_moved_to_another_place_does_not_open(part: str) -> None:
    organization, row = uuid4(), uuid4()
    sealed = seal(Address(organization, row, "password"), "secret")
    elsewhere = Address(
        uuid4() if part == "organization" else organization,
        uuid4() if part == "row" else row,
        "credential" if part == "field" else "password",
    )
    with pytest.raises(Unavailable) as refused:
        unseal(elsewhere, sealed)
    assert refused.value.code == "sealed_value_changed"


def test_rotation_opens_old_values_and_seals_new_ones_with_the_new_key(monkeypatch: pytest.MonkeyPatch) -> None:
    address = Address(uuid4(), uuid4(), "password")
    old = seal(address, "secret")
    keys(monkeypatch, f"{NEW},{OLD}")
    assert unseal(address, old) == "secret"
    assert key_of(old) == "old"
    new = seal(address, "secret")
    assert key_of(new) == newest_key() == "new"
    keys(monkeypatch, NEW)
    assert unseal(address, new) == "secret"
    with pytest.raises(Unavailable) as refused:
        unseal(address, old)
    assert refused.value.code == "sealing_key_missing"


@pytest.mark.parametrize("text", ["", "id", "id:", "id:!!!", "id:c2hvcnQ=", ":" + "A" * 44])
def test_a_wrong_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValueError, match="STILLROOM_SEALING_KEYS") as refused:
        parse_sealing_keys(text)
    assert "c2hvcnQ" not in str(refused.value)


def test_a_short_signing_key_stops_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STILLROOM_SECRET_KEY", "short-canary")
    get_settings.cache_clear()
    with pytest.raises(ValueError, match="32 bytes") as refused:
        get_settings()
    assert "short-canary" not in str(refused.value)
