"""The small language of run settings: {{host}}, {{url}}, {{url:asyncpg}} and their like.

Real projects learn their database in at least nine ways: one URL, five separate variables under their own
names, an ini option, an -x argument, a file. All of them are texts with these names in them.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote

from stillroom_core.errors import Invalid

_FIELD = re.compile(r"\{\{\s*([a-z_]+)(?::([a-z0-9_+]+))?\s*\}\}")
# Alone in an attribute of Config these stand for the living thing, which some projects insist on.
_LIVING = re.compile(r"\{\{\s*(connection|engine)(?::([a-z0-9_]+))?\s*\}\}")
NAMES = frozenset({"host", "port", "user", "password", "database", "url", "socket", "files"})
DRIVERS = frozenset({"psycopg", "psycopg2", "asyncpg", "pg8000", "plain"})


@dataclass(frozen=True)
class Connection:
    """What tenants' code is told about its database; the password is a token for this one job."""

    host: str
    port: int
    user: str
    password: str
    database: str
    socket: str = ""

    def __repr__(self) -> str:
        return f"Connection({self.host}:{self.port}/{self.database})"

    def url(self, driver: str | None) -> str:
        """A SQLAlchemy URL; without a driver the one that SQLAlchemy itself takes for postgresql://."""
        scheme = "postgresql" if driver in (None, "plain") else f"postgresql+{driver}"
        user, password = quote(self.user, safe=""), quote(self.password, safe="")
        return f"{scheme}://{user}:{password}@{self.host}:{self.port}/{quote(self.database, safe='')}"


def check_template(text: str, field: str) -> None:
    """Raises Invalid when a template names something that does not exist."""
    living = _LIVING.fullmatch(text.strip()) if field == "attributes" else None
    if living is not None and living.group(2) in (None, *DRIVERS):
        return
    names = ", ".join(sorted(NAMES | {"files"}))
    for name, driver in _FIELD.findall(text):
        if name == "files" and not driver:
            continue  # filled in by the sandbox, which alone knows where they lie
        if name not in NAMES or (driver and (name != "url" or driver not in DRIVERS)):
            raise Invalid(
                "unknown_template",
                f"There is no {{{{{name}{':' + driver if driver else ''}}}}}.",
                fix=f"Use one of {names}; or url:DRIVER with {', '.join(sorted(DRIVERS))}.",
                fields={field: f"unknown name {name}"},
            )


def render(text: str, connection: Connection) -> str:
    """Fills the names in; everything else stays as it is."""

    def value(match: re.Match[str]) -> str:
        name, driver = match.group(1), match.group(2)
        if name == "url":
            return connection.url(driver)
        if name == "files":
            return "{{files}}"  # only the sandbox knows where the secret files of this job will lie
        return str(getattr(connection, name)) if name in NAMES else match.group(0)

    return _FIELD.sub(value, text)


def render_attribute(text: str, connection: Connection) -> str | dict[str, str]:
    """The value of an attribute of Config; {{connection}} and {{engine}} become what the runner opens."""
    living = _LIVING.fullmatch(text.strip())
    if living is None:
        return render(text, connection)
    return {f"${living.group(1)}": connection.url(living.group(2))}
