"""The first start in containers: secrets that stay, and a mounted project that becomes the first."""

import base64
import stat
from pathlib import Path

import pytest

from stillroom_cli.containers.__main__ import main
from stillroom_cli.containers.project import find_configuration, first_project, read_target
from stillroom_cli.containers.secrets import Folders, keep_secrets
from stillroom_cli.embedded import CannotStart


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    for name in ("DATABASE_URL", "REDIS_URL", "POSTGRES_PASSWORD", "STILLROOM_SECRET_KEY", "STILLROOM_ADMIN_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    found = Folders(tmp_path)
    for folder in (found.service, found.setup, found.postgres, found.valkey):
        folder.mkdir()
    return found


def everything(place: Folders) -> dict[Path, str]:
    return {path: path.read_text() for path in place.root.rglob("*") if path.is_file()}


def test_the_first_start_makes_every_secret_and_the_second_keeps_them(place: Folders) -> None:
    keep_secrets(place)
    first = everything(place)
    keep_secrets(place)
    assert everything(place) == first
    assert len(base64.b64decode(first[place.service / "STILLROOM_SEALING_KEYS"].partition(":")[2])) == 32
    assert first[place.setup / "STILLROOM_SERVICE_PASSWORD"] in first[place.service / "DATABASE_URL"]
    owner = first[place.setup / "STILLROOM_DATABASE_PASSWORD"]
    assert owner in first[place.setup / "STILLROOM_OWNER_DATABASE_URL"]
    assert not any(owner in text for path, text in first.items() if path.parent == place.service)
    assert first[place.setup / "VALKEY_PASSWORD"] in first[place.valkey / "valkey.conf"]


def test_only_what_other_users_of_a_volume_must_read_is_readable(place: Folders) -> None:
    keep_secrets(place)
    shared = {path.name for path in everything(place) if stat.S_IMODE(path.stat().st_mode) & 0o044}
    assert shared == {"password", "valkey.conf"}


def test_a_given_password_counts_at_the_first_start_only(place: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_PASSWORD", "from-env")
    keep_secrets(place)
    monkeypatch.setenv("POSTGRES_PASSWORD", "later")
    keep_secrets(place)
    assert (place.postgres / "password").read_text() == "from-env"


def test_an_address_of_a_server_elsewhere_is_taken_at_every_start(
    place: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_secrets(place)
    monkeypatch.setenv("STILLROOM_DATABASE_URL", "postgresql://a:b@db/own")
    keep_secrets(place)
    assert (place.service / "DATABASE_URL").read_text() == "postgresql://a:b@db/own"
    assert (place.setup / "STILLROOM_OWNER_DATABASE_URL").read_text() == "postgresql://a:b@db/own"
    monkeypatch.setenv("STILLROOM_OWNER_DATABASE_URL", "postgresql://owner:c@db/own")
    keep_secrets(place)
    assert (place.service / "DATABASE_URL").read_text() == "postgresql://a:b@db/own"
    assert (place.setup / "STILLROOM_OWNER_DATABASE_URL").read_text() == "postgresql://owner:c@db/own"


def test_a_replica_is_a_file_that_follows_what_is_given(place: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    for given in ("postgresql://a:b@replica/own", ""):
        monkeypatch.setenv("STILLROOM_DATABASE_REPLICA_URL", given)
        keep_secrets(place)
        assert (place.service / "DATABASE_REPLICA_URL").read_text() == given


def test_the_way_to_the_mail_server_is_a_file_that_follows_what_is_given(
    place: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STILLROOM_SMTP_URL", "smtp://user:secret@mail:587")
    keep_secrets(place)
    path = place.service / "STILLROOM_SMTP_URL"
    assert path.read_text() == "smtp://user:secret@mail:587"
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    monkeypatch.delenv("STILLROOM_SMTP_URL")
    keep_secrets(place)
    assert path.read_text() == ""


def test_a_url_is_taken_apart_with_its_escapes_and_its_driver() -> None:
    target = read_target("postgresql+asyncpg://app:p%40ss%2F@db.internal:6432/shop")
    assert (target.host, target.port, target.database, target.username, target.password) == (
        "db.internal",
        6432,
        "shop",
        "app",
        "p@ss/",
    )
    assert target.url == "{{url:asyncpg}}"
    assert "p@ss" not in repr(target)


@pytest.mark.parametrize("url", ["mysql://a:s3cret@h/d", "postgresql://h/d", "postgresql+odd://a:s3cret@h/d", "s3cret"])
def test_a_url_that_cannot_be_used_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(CannotStart) as refused:
        read_target(url)
    assert "s3cret" not in str(refused.value) and "DATABASE_URL" in str(refused.value)


def test_a_mounted_folder_becomes_a_project_that_is_told_its_database(tmp_path: Path) -> None:
    (tmp_path / "backend").mkdir()
    (tmp_path / "backend" / "alembic.ini").touch()
    for given in ("backend/alembic.ini", str(tmp_path / "backend" / "alembic.ini")):
        found = find_configuration(tmp_path, given)
        assert found is not None
        content = first_project(tmp_path, found, read_target("postgresql://app:x@postgres/app"))
        assert (content["project"]["subdirectory"], content["project"]["config_file"]) == ("backend", "alembic.ini")
        names = {variable["name"] for variable in content["environments"][0]["variables"]}
        assert {"DATABASE_URL", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"} <= names


def test_without_a_mounted_project_there_is_the_sample_and_a_wrong_path_is_said(tmp_path: Path) -> None:
    assert find_configuration(tmp_path, "") is None
    with pytest.raises(CannotStart, match="PROJECT_DIR"):
        find_configuration(tmp_path, "alembic.ini")
    with pytest.raises(CannotStart, match="inside"):
        find_configuration(tmp_path, "../alembic.ini")


def test_an_unknown_command_is_refused() -> None:
    assert main(["everything"]) == 2
