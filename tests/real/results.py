"""What the runs found, kept as JSON between runs, and the page docs/real-projects.md made of it."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass, field
from typing import Any

from real.chains import CHAINS, Chain
from real.distributions import CACHE, ROOT

_KEPT = CACHE / "results"
PAGE = ROOT / "docs" / "real-projects.md"


@dataclass
class Result:
    """One chain's way through the service."""

    name: str
    versions: str
    special: str
    revisions: int = 0
    heads: int = 0
    bases: int = 0
    merges: int = 0
    source: str = ""
    isolation: str = ""
    steps: int = 0
    statements: int = 0
    bare: float = 0.0
    ours: float = 0.0
    way_back: str = ""
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, chain: Chain) -> Result:
        versions = ", ".join(named.replace("==", " ") for named in chain.distributions)
        way_back = f"`{chain.back}` and up again" if chain.back else f"no: {chain.no_way_back}"
        return cls(name=chain.name, versions=versions, special=chain.special, way_back=way_back)

    def read(self, reading: Any) -> None:
        graph = reading.ours
        self.revisions, self.heads, self.bases = len(graph), len(graph.heads), len(graph.bases)
        self.merges = sum(1 for revision in graph.revisions.values() if len(revision.down) > 1)
        self.source = "the files" if reading.commit.source == "static" else "Alembic, asked in the sandbox"

    def done(self, finished: Any) -> None:
        self.isolation = str(finished.job.isolation)
        self.steps = sum(1 for step in finished.steps if step.kind == "revision")
        self.statements = sum(1 for event in finished.events if event.type == "statement_started")


def keep(result: Result) -> None:
    """Stores a success and writes the page again."""
    _KEPT.mkdir(parents=True, exist_ok=True)
    (_KEPT / f"{result.name}.json").write_text(json.dumps(asdict(result)))
    PAGE.write_text(_page())


def _page() -> str:
    results = [
        Result(**json.loads(path.read_text())) for chain in CHAINS if (path := _KEPT / f"{chain.name}.json").is_file()
    ]
    rows = [
        f"| {r.name} | {r.versions} | {r.revisions} | {r.heads} / {r.bases} | {r.merges} | {r.source} | "
        f"{r.steps} | {r.statements} | {r.way_back} | equal | {r.bare:.1f} | {r.ours:.1f} |"
        for r in results
    ]
    special = [f"- **{r.name}**: {r.special}." for r in results]
    missing = [chain.name for chain in CHAINS if not (_KEPT / f"{chain.name}.json").is_file()]
    levels = ", ".join(sorted({r.isolation for r in results}))
    return _TEXT.format(
        header="| " + " | ".join(_COLUMNS) + " |",
        ruler="|" + " --- |" * len(_COLUMNS),
        rows="\n".join(rows),
        special="\n".join(special),
        missing="none" if not missing else ", ".join(missing),
        levels=levels,
        python=platform.python_version(),
        limits=_LIMITS,
    )


_COLUMNS = (
    *("Project", "Version", "Revisions", "Heads / bases", "Merges", "Graph from", "Steps run", "Statements recorded"),
    *("Back", "Schemas", "By hand, s", "Ours, s"),
)

_LIMITS = """\
- **A custom command goes up only** (superset, prefect). Their `env.py` needs what only their own command makes: a Flask
  application, a running event loop. The service knows one command per project, for upgrades; `downgrade` would start
  Alembic without it and fail. Down is possible by hand.
- **Superset's revisions cannot be listed by Alembic in the sandbox**, for the same reason; its graph is what was read
  from the files, and was not compared here.
- **Prefect sets version_locations inside env.py while it runs.** Its history is right once `version_locations` is given
  as an ini override; without it, the two folders (one per kind of database) cannot be told apart beforehand.
- **Downgrades stop where the projects' own do**: optuna's v3.0.0.c refers to a name that its models no longer have.
- **ZenML** has no PostgreSQL. **Letta's** distribution carries no Alembic folder.
- Locks were resolved once. Two needed help because newer releases of what they need break them when installed without
  their own lock: superset (flask-caching, rich), open-webui (SQLAlchemy 2.0).
"""

_TEXT = """\
# Real projects

Written by `make test-real`. Each row is a project that nobody here wrote, made into a git repository from its
distribution, with a lock of exact versions, and run through the service: fetched, its graph read, its virtualenv built,
its database upgraded from empty, downgraded as far as the project itself can go, and upgraded again, in the sandbox
(level here: {levels}), with Python {python}.

Beside it, the same steps were done by hand: the project's own command, in the same virtualenv, on another empty
database. After each step the two databases are compared: `pg_dump --schema-only` (without the random words that
pg_dump puts into `\\restrict`) and the rows of the version tables. *Equal* means: not a single character differs, after
every step. The graph that was read is compared with Alembic's own `ScriptDirectory` each time, revision by revision.

Seconds are from the request to the end of the first upgrade of an empty database, the bootstrap included, with the
virtualenv built before; *ours* holds the checkout, the lock, the sandbox, the recording of every statement, and the
reading of the database before and after. One run each, on a machine that did other things too: docs/benchmarks.md
measures.

{header}
{ruler}
{rows}

Did not get through: {missing}.

## What is special

{special}

## What does not work

{limits}"""
