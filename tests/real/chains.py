"""The chains: which distribution, how it is laid out, and what an operator would enter for it."""

from __future__ import annotations

from dataclasses import dataclass

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Chain:
    """One Alembic configuration of a project.

    `keep` are the folders of the distributions that make the repository. `bare` is what a person would type
    instead of `alembic upgrade {target}`; its words know the templates of an environment. `back` is how far
    the project itself can go down again; None with a reason in `no_way_back`.
    """

    name: str
    distributions: tuple[str, ...]
    keep: tuple[str, ...]
    lock: str
    special: str
    light: bool = False
    subdirectory: str = ""
    config_file: str | None = "alembic.ini"
    command: tuple[str, ...] | None = None
    variables: Pairs = ()
    files: Pairs = ()
    x: tuple[str, ...] = ()
    ini: Pairs = ()
    attributes: Pairs = ()
    bootstrap: tuple[str, ...] | None = None
    target: str = "head"
    back: str | None = None
    no_way_back: str = ""
    bare: tuple[str, ...] | None = None
    bare_back: tuple[str, ...] | None = None
    # What the graph of the files lacks, because only env.py knows it.
    asked: bool = False
    # False where nothing but its own command can load the revisions.
    can_be_asked: bool = True


URL = "{{url:psycopg2}}"

_MLFLOW_BOOTSTRAP = (
    "import os, sqlalchemy as sa; from mlflow.store.tracking.dbmodels.initial_models import Base; "
    "Base.metadata.create_all(sa.create_engine(os.environ['DATABASE_URL']))"
)
_GALAXY_BOOTSTRAP = (
    "import os, sqlalchemy as sa; from galaxy.model.migrations import DatabaseStateVerifier, GXY, get_alembic_manager;"
    "engine = sa.create_engine(os.environ['DATABASE_URL']); from galaxy.model import Base; "
    "Base.metadata.create_all(engine); get_alembic_manager(engine).stamp_model_head(GXY)"
)
# As dagster's own storage does it on an empty database: the tables, then the newest revision's mark.
_DAGSTER_BOOTSTRAP = (
    "import os; url = os.environ['DATABASE_URL']; "
    "from dagster_postgres.run_storage import PostgresRunStorage as R; "
    "from dagster_postgres.event_log import PostgresEventLogStorage as E; "
    "from dagster_postgres.schedule_storage import PostgresScheduleStorage as S; "
    "[kind(url) for kind in (R, E, S)]"
)
# What these projects do in their own code: a Config with an open connection among its attributes.
_BY_ATTRIBUTE = (
    "import os, sys, sqlalchemy as sa; from alembic import command; from alembic.config import Config; "
    "config = Config(sys.argv[1]); "
    "connection = sa.create_engine(os.environ['DATABASE_URL']).connect(); "
    "config.attributes.update(connection=connection, aiida_profile='none'); "
    "getattr(command, sys.argv[2])(config, sys.argv[3])"
)
_DAGSTER_INI = "dagster_postgres/alembic/alembic.ini"

CHAINS = (
    Chain(
        name="optuna",
        distributions=("optuna==5.0.0",),
        keep=("optuna",),
        lock="optuna",
        special="the URL by an ini option; env.py loads logging from the ini; revisions named v0.9.0.a",
        light=True,
        subdirectory="optuna/storages/_rdb",
        ini=(("sqlalchemy.url", URL),),
        back="-2",
    ),
    Chain(
        name="mlflow",
        distributions=("mlflow==3.17.2",),
        keep=("mlflow",),
        lock="mlflow",
        special="its chain alters tables that create_all made: a bootstrap; the ini lies deep, its paths start at the "
        "root; batch operations",
        config_file="mlflow/store/db_migrations/alembic.ini",
        variables=(("DATABASE_URL", URL),),
        ini=(("sqlalchemy.url", URL),),
        bootstrap=("python", "-c", _MLFLOW_BOOTSTRAP),
        back="-3",
    ),
    Chain(
        name="mlflow (users)",
        distributions=("mlflow==3.17.2",),
        keep=("mlflow",),
        lock="mlflow",
        special="a second chain of one repository with its own version table alembic_version_auth",
        subdirectory="mlflow/server/auth/db/migrations",
        ini=(("sqlalchemy.url", URL),),
        back="base",
    ),
    Chain(
        name="meltano",
        distributions=("meltano==4.4.1",),
        keep=("meltano",),
        lock="meltano",
        special="no ini at all: Config is made in code, here by ini options alone",
        light=True,
        config_file=None,
        ini=(("script_location", "meltano/migrations"), ("sqlalchemy.url", URL)),
        back="-1",
    ),
    Chain(
        name="dagster",
        distributions=("dagster==1.13.27", "dagster-postgres==0.29.27"),
        keep=("dagster", "dagster_postgres"),
        lock="dagster",
        special="env.py insists on an open connection in config.attributes; script_location in another package; the "
        "ini of one distribution names the scripts of another",
        light=True,
        config_file="dagster_postgres/alembic/alembic.ini",
        variables=(("DATABASE_URL", URL),),
        attributes=(("connection", "{{connection:psycopg2}}"),),
        bootstrap=("python", "-c", _DAGSTER_BOOTSTRAP),
        back="-1",
        bare=("python", "-c", _BY_ATTRIBUTE, _DAGSTER_INI, "upgrade", "head"),
        bare_back=("python", "-c", _BY_ATTRIBUTE, _DAGSTER_INI, "downgrade", "-1"),
    ),
    Chain(
        name="galaxy (gxy)",
        distributions=("galaxy-data==26.1.2",),
        keep=("galaxy",),
        lock="galaxy",
        special="two bases and two heads in one folder, two version_locations; label@head only; URLs by -x; create_all "
        "and a mark as bootstrap",
        subdirectory="galaxy/model/migrations",
        variables=(("DATABASE_URL", URL),),
        x=(f"gxy_url={URL}", f"tsi_url={URL}"),
        bootstrap=("python", "-c", _GALAXY_BOOTSTRAP),
        target="gxy@head",
        back="gxy@-1",
    ),
    Chain(
        name="prefect",
        distributions=("prefect==3.8.8",),
        keep=("prefect",),
        lock="prefect",
        special="an async env.py on asyncpg in a thread of its own; version_locations set inside env.py, "
        "told to the service as an ini option; split variables; its env.py runs in prefect's own command only; indexes "
        "made concurrently; one transaction a revision",
        config_file="prefect/server/database/alembic.ini",
        variables=(
            ("PREFECT_SERVER_DATABASE_DRIVER", "postgresql+asyncpg"),
            ("PREFECT_SERVER_DATABASE_HOST", "{{host}}"),
            ("PREFECT_SERVER_DATABASE_PORT", "{{port}}"),
            ("PREFECT_SERVER_DATABASE_USER", "{{user}}"),
            ("PREFECT_SERVER_DATABASE_PASSWORD", "{{password}}"),
            ("PREFECT_SERVER_DATABASE_NAME", "{{database}}"),
        ),
        command=("prefect", "server", "database", "upgrade", "-y", "-r", "{{revision}}"),
        asked=True,
        ini=(("version_locations", "prefect/server/database/_migrations/versions/postgresql"),),
        bare=("prefect", "server", "database", "upgrade", "-y", "-r", "head"),
        no_way_back="a command project has a command for going up only",
    ),
    Chain(
        name="open-webui",
        distributions=("open-webui==0.12.4",),
        keep=("open_webui",),
        lock="open-webui",
        special="the URL put together from six variables; prepend_sys_path = ..; a secret key and logging settings "
        "read at import; only what the migrations need of its hundred packages",
        subdirectory="open_webui",
        variables=(
            ("DATABASE_TYPE", "postgresql"),
            ("DATABASE_USER", "{{user}}"),
            ("DATABASE_PASSWORD", "{{password}}"),
            ("DATABASE_HOST", "{{host}}"),
            ("DATABASE_PORT", "{{port}}"),
            ("DATABASE_NAME", "{{database}}"),
            ("DATA_DIR", "/tmp"),
            ("WEBUI_SECRET_KEY", "not-a-secret"),
            ("STATIC_DIR", "/tmp/static"),
        ),
        back="-2",
    ),
    Chain(
        name="aiida-core",
        distributions=("aiida-core==2.9.4",),
        keep=("aiida",),
        lock="aiida",
        special="a connection and a profile by attribute, no ini; three bases and labels; the newest base is the way "
        "for new databases (main@head)",
        config_file=None,
        ini=(("script_location", "aiida/storage/psql_dos/migrations"),),
        variables=(("DATABASE_URL", "{{url:psycopg}}"),),
        attributes=(("connection", "{{connection:psycopg}}"), ("aiida_profile", "none")),
        target="main@head",
        no_way_back="its newest revisions refuse",
        bare=("python", "-c", _BY_ATTRIBUTE, "alembic.ini", "upgrade", "main@head"),
    ),
    Chain(
        name="airflow",
        distributions=("apache-airflow-core==3.3.2",),
        keep=("airflow",),
        lock="airflow",
        special="bootstrap by its own command, then alembic; settings in AIRFLOW__… variables; a home that must be "
        "writable",
        subdirectory="airflow",
        variables=(
            ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", URL),
            ("AIRFLOW__CORE__LOAD_EXAMPLES", "False"),
            ("AIRFLOW_HOME", "/tmp/airflow"),
        ),
        bootstrap=("airflow", "db", "migrate"),
        back="-2",
    ),
    Chain(
        name="airflow (chain)",
        distributions=("apache-airflow-core==3.3.2",),
        keep=("airflow",),
        lock="airflow",
        special="the same from its squashed first revision, without the bootstrap",
        subdirectory="airflow",
        variables=(
            ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", URL),
            ("AIRFLOW_HOME", "/tmp/airflow"),
        ),
        back="-2",
    ),
    Chain(
        name="superset",
        distributions=("apache-superset==6.1.0",),
        keep=("superset",),
        lock="superset",
        special="a Flask application: only its own command (superset db upgrade) has the context that env.py asks for; "
        "settings in a secret Python file; merges by the dozen; SQLAlchemy 1.4",
        config_file="superset/migrations/alembic.ini",
        command=("superset", "db", "upgrade", "{{revision}}"),
        files=(
            (
                "superset_config.py",
                f"SQLALCHEMY_DATABASE_URI = '{URL}'\nSECRET_KEY = 'for this test only, forty-two characters'\n",
            ),
        ),
        variables=(("SUPERSET_CONFIG_PATH", "{{files}}/superset_config.py"), ("SUPERSET_HOME", "/tmp")),
        ini=(("script_location", "superset/migrations"),),
        bare=("superset", "db", "upgrade"),
        can_be_asked=False,
        no_way_back="a command project has a command for going up only",
    ),
)
