"""Which variables a project's code reads, and what an environment should give for them."""

from pathlib import Path
from textwrap import dedent

import pytest

from stillroom_core.revisions.source import Source, Tree
from stillroom_core.setups.commands import flask_command
from stillroom_core.setups.find_reads import find_reads
from stillroom_core.setups.proposals import Proposal, drivers_locked, propose
from stillroom_core.setups.reads import Reads


def read(folder: Path, env: str, **files: str) -> Reads:
    (folder / "migrations").mkdir(exist_ok=True)
    (folder / "migrations" / "env.py").write_text(dedent(env))
    for name, content in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(content))
    return find_reads(Tree(Source(export=folder)), folder / "migrations" / "env.py")


def values(proposed: list[Proposal]) -> dict[str, str | None]:
    return {one.name: one.value for one in proposed}


@pytest.mark.parametrize(
    "line",
    [
        'url = os.environ["DATABASE_URL"]',
        'url = os.environ.get("DATABASE_URL")',
        'url = os.getenv("DATABASE_URL", "sqlite:///x.db")',
        'NAME = "DATABASE_URL"\nurl = os.environ[NAME]',
        'from os import environ as e\nurl = e["DATABASE_URL"]',
        'from decouple import config\nurl = config("DATABASE_URL")',
        'from starlette.config import Config\nconf = Config(".env")\nurl = conf("DATABASE_URL", cast=str)',
        'from environs import Env\nenv = Env()\nenv.read_env("x")\nurl = env.str("DATABASE_URL")',
        'import environ\nenv = environ.Env()\nurl = env("DATABASE_URL")',
    ],
)
def test_a_url_is_found_however_the_code_asks_for_it(tmp_path: Path, line: str) -> None:
    reads = read(tmp_path, f"import os\n{line}\n")
    assert values(propose(reads, ["psycopg"])) == {"DATABASE_URL": "{{url:psycopg}}"}


def test_separate_variables_get_separate_templates(tmp_path: Path) -> None:
    env = """
        import os
        parts = [os.environ[k] for k in ()]
        host, port = os.environ["DB_HOST"], os.getenv("DB_PORT", "5432")
        user, password, name = os.environ["DB_USER"], os.environ["DB_PASS"], os.environ["DB_NAME"]
        redis = os.environ["REDIS_HOST"]
        size = os.getenv("DB_POOL_SIZE", 5)
    """
    assert values(propose(read(tmp_path, env), [])) == {
        "DB_HOST": "{{host}}",
        "DB_PORT": "{{port}}",
        "DB_USER": "{{user}}",
        "DB_PASS": "{{password}}",
        "DB_NAME": "{{database}}",
        "REDIS_HOST": None,  # it must be there, but a person says what it is
    }


def test_settings_of_pydantic_are_followed_through_imports_prefixes_and_nesting(tmp_path: Path) -> None:
    env = "from shop.settings import settings\nurl = str(settings.postgres.url)\n"
    settings = """
        from pydantic import BaseModel, Field, PostgresDsn
        from pydantic_settings import BaseSettings, SettingsConfigDict

        class Postgres(BaseModel):
            url: PostgresDsn
            pool: int = 5

        class Base(BaseSettings):
            model_config = SettingsConfigDict(env_prefix="SHOP_", env_nested_delimiter="__")

        class Settings(Base):
            postgres: Postgres
            secret_key: str
            debug: bool = False
            mirror: str = Field("postgresql+asyncpg://u@h/mirror", validation_alias="MIRROR_DSN")

        settings = Settings()
    """
    proposed = propose(read(tmp_path, env, shop__settings=settings, shop____init__=""), [])
    assert values(proposed) == {
        "SHOP_POSTGRES__URL": "{{url:asyncpg}}",
        "MIRROR_DSN": "{{url:asyncpg}}",
        "SHOP_SECRET_KEY": None,
    }
    assert next(one for one in proposed if one.name == "SHOP_SECRET_KEY").secret
    assert {one.path for one in proposed} == {"shop/settings.py"}


def test_the_driver_is_what_code_and_lock_agree_on(tmp_path: Path) -> None:
    sync = 'import os\nurl = os.environ["DATABASE_URL"]\n'
    aio = f"{sync}from sqlalchemy.ext.asyncio import create_async_engine\nengine = create_async_engine(url)\n"
    rewriting = f'{sync}url = url.replace("postgres://", "postgresql+psycopg2://")\n'
    naming = 'import os\nurl = os.getenv("DATABASE_URL", "postgresql+pg8000://a:b@localhost/shop")\n'

    def template(env: str, locked: list[str]) -> str | None:
        return values(propose(read(tmp_path, env), locked))["DATABASE_URL"]

    assert template(sync, ["psycopg2", "asyncpg"]) == "{{url:psycopg2}}"
    assert template(aio, ["psycopg2", "asyncpg"]) == "{{url:asyncpg}}"
    assert template(aio, ["psycopg"]) == "{{url:psycopg}}"
    assert template(rewriting, ["psycopg2"]) == "{{url:plain}}"
    assert template(naming, []) == "{{url:pg8000}}"
    assert template(naming, ["psycopg"]) == "{{url:psycopg}}"


def test_x_arguments_attributes_and_the_ini_are_told_apart(tmp_path: Path) -> None:
    by_x = 'x = context.get_x_argument(as_dictionary=True)\nurl = x["url"]\n'
    assert values(propose(read(tmp_path, by_x), ["psycopg"])) == {"url": "url={{url:psycopg}}"}
    by_attribute = 'connection = config.attributes["connection"]\n'
    assert values(propose(read(tmp_path, by_attribute), ["psycopg"])) == {"connection": "{{connection:psycopg}}"}
    by_ini = 'engine = engine_from_config(config.get_section(config.config_ini_section), prefix="sqlalchemy.")\n'
    by_ini += 'connection = config.attributes.get("connection", None)\n'
    reads = read(tmp_path, by_ini)
    assert reads.takes_ini_url
    assert propose(reads, ["psycopg"]) == []


def test_nothing_outside_the_repository_and_nothing_hostile_is_followed(tmp_path: Path) -> None:
    secret = tmp_path.parent / "outside.py"
    secret.write_text('import os\nos.environ["DATABASE_URL"]\n')
    (tmp_path / "linked.py").symlink_to(secret)
    nested = "(" * 5000 + ")" * 5000
    reads = read(tmp_path, "import linked\nfrom ...... import outside\nimport deep\n", deep=f"x = {nested}\n")
    assert reads.variables == []


def test_cycles_of_classes_and_imports_end(tmp_path: Path) -> None:
    one = "from two import B\nclass A(B):\n    pg_url: str\n"
    two = (
        "from one import A\nfrom pydantic_settings import BaseSettings\nclass B(A, BaseSettings):\n    a: A\n    b: B\n"
    )
    reads = read(tmp_path, "import one\n", one=one, two=two)
    assert "PG_URL" in {read.name for read in reads.variables}


@pytest.mark.parametrize(
    ("lock", "drivers"),
    [
        ("alembic==1.16\npsycopg2-binary==2.9.10 \\\n    --hash=sha256:00\n", ("psycopg2",)),
        ("psycopg[binary]>=3.2\n", ("psycopg",)),
        ('[[package]]\nname = "asyncpg"\nversion = "0.30"\n\n[[package]]\nname = "psycopg"\n', ("psycopg", "asyncpg")),
        ('        "psycopg2-binary": {"hashes": []}\n', ("psycopg2",)),
        ("psycopg-pool==3\nasyncpg-stubs==1\n", ()),
    ],
)
def test_drivers_are_found_in_any_lock(lock: str, drivers: tuple[str, ...]) -> None:
    assert drivers_locked(lock) == drivers


def test_a_flask_project_gets_its_own_command(tmp_path: Path) -> None:
    tree = Tree(Source(export=tmp_path))
    assert flask_command(tree) == ["flask", "db", "upgrade", "{{revision}}"]
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("def create_app(): ...\n")
    assert flask_command(tree) == ["flask", "--app", "shop", "db", "upgrade", "{{revision}}"]
    (tmp_path / ".flaskenv").write_text("FLASK_APP=shop.web:create_app()\n")
    assert flask_command(tree)[2] == "shop.web:create_app()"
