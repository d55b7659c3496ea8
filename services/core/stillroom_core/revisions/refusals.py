"""Why a target cannot be planned, each with the way out."""

from collections.abc import Sequence

from stillroom_core.errors import Conflict, Invalid
from stillroom_core.revisions.problems import Problem


def unknown_kind(kind: str) -> Invalid:
    """A kind that moves no versions."""
    return Invalid("unknown_kind", f"There is no plan for '{kind}'.", fix="Use upgrade, downgrade or stamp.")


def no_target(kind: str) -> Invalid:
    """No revision given."""
    return Invalid(
        "unknown_revision",
        f"The {kind} names no revision.",
        fix="Name a revision, `head`, `base` or a step such as +1.",
    )


def range_not_allowed(target: str) -> Invalid:
    """A range, which Alembic takes only when it writes SQL."""
    return Invalid(
        "range_not_allowed",
        "A range of revisions cannot be run on a database.",
        detail=f"'{target}' is a range.",
        fix="Name only the revision to go to: where to start is known from the database.",
    )


def unknown_revision(target: str, name: str, *, branch: bool = False) -> Invalid:
    """Nothing of that name."""
    what = "branch" if branch else "revision or branch"
    short = "" if branch or len(name) > 3 else " The beginning of an id needs at least four characters."
    return Invalid(
        "unknown_revision",
        f"This commit has no {what} '{name}'.",
        detail=f"'{target}' was asked for.{short}" if target != name or short else "",
        fix="Look the revision up in the history, or fetch the project if it was pushed just now.",
        params={"target": target, "name": name},
    )


def not_on_branch(target: str, detail: str) -> Invalid:
    """A revision and a label that do not belong together."""
    return Invalid(
        "unknown_revision",
        f"'{target}' names a revision that is not on that branch.",
        detail=detail,
        fix="Name the revision alone, or another branch label.",
        params={"target": target},
    )


def ambiguous_revision(target: str, candidates: Sequence[str], detail: str = "") -> Invalid:
    """Several revisions that it could be."""
    listed = ", ".join(candidates[:10])
    return Invalid(
        "ambiguous_revision",
        f"'{target}' could be several revisions.",
        detail=detail or f"Candidates: {listed}.",
        fix="Write more of the id." if not detail else f"Name the revision itself, one of: {listed}.",
        params={"target": target, "candidates": list(candidates[:50])},
    )


def multiple_heads(target: str, kind: str, heads: Sequence[str], labels: Sequence[str]) -> Invalid:
    """`head`, where there are several."""
    branch, _, name = target.rpartition("@")
    if name == "heads":
        title = f"A {kind} goes to one revision, and '{target}' means {len(heads)}."
        fix = "Name one of them."
    else:
        title = f"There are {len(heads)} heads, and '{target}' means only one."
        all_of_them = f"{branch}@heads" if branch else "heads"
        one = f"`{labels[0]}@head` or a revision" if labels and not branch else "a revision"
        every = "" if kind == "downgrade" else f"`{all_of_them}` for all of them, "
        fix = f"Use {every}{one} for one, or merge the heads in the code."
    return Invalid(
        "multiple_heads",
        title,
        detail=f"Heads: {', '.join(heads[:10])}.",
        fix=fix,
        params={"target": target, "heads": list(heads[:50]), "labels": list(labels[:50])},
    )


def relative_out_of_range(target: str, rows: Sequence[str]) -> Invalid:
    """More steps than there are."""
    return Invalid(
        "relative_out_of_range",
        f"'{target}' leads further than the history goes.",
        detail=f"The database stands at {', '.join(rows) or 'base'}.",
        fix="Take fewer steps, or name the revision, `head` or `base`.",
        params={"target": target},
    )


def wrong_way(target: str, kind: str) -> Invalid:
    """Steps from where the database stands, in the direction that this kind does not go."""
    other = "downgrade" if kind == "upgrade" else "upgrade"
    return Invalid(
        "relative_out_of_range",
        f"An {kind} takes no steps backwards." if kind == "upgrade" else "A downgrade takes no steps forwards.",
        detail=f"'{target}' was asked for.",
        fix=f"Use {other} for that, or name the revision itself.",
        params={"target": target},
    )


def stamp_takes_no_steps(target: str) -> Invalid:
    """Alembic reads a stamp's target as a name only."""
    return Invalid(
        "relative_out_of_range",
        "A stamp takes no steps, only a revision.",
        detail=f"'{target}' was asked for.",
        fix="Name the revision, `head`, `heads` or `base`.",
        params={"target": target},
    )


def not_ancestor(target: str, kind: str, heads: Sequence[str]) -> Invalid:
    """A place that cannot be reached in this direction."""
    at = ", ".join(heads) or "base"
    other = "upgrade" if kind == "downgrade" else "downgrade"
    return Invalid(
        "not_ancestor",
        f"A {kind} cannot reach '{target}' from where the database stands.",
        detail=f"The database stands at {at}.",
        fix=f"Use {other} if the revision lies the other way, or name one on the database's own branch.",
        params={"target": target, "heads": list(heads)},
    )


def graph_broken(problems: Sequence[Problem]) -> Conflict:
    """Files that contradict each other."""
    return Conflict(
        "graph_broken",
        "The revisions of this commit do not fit together, so nothing can be planned.",
        detail="; ".join(problem.detail for problem in problems[:5]) + ".",
        fix="Correct the revision files, push, and fetch the project again.",
        params={"problems": [problem.as_dict() for problem in problems[:20]]},
    )


def database_unknown_revision(unknown: Sequence[str]) -> Conflict:
    """A database that another commit has migrated."""
    names = ", ".join(unknown)
    return Conflict(
        "database_unknown_revision",
        "The database stands at a revision that this commit does not have.",
        detail=f"Not in the code: {names}.",
        fix="Fetch the commit that holds it, or put its file back; stamp only if you know the schema.",
        params={"unknown": list(unknown)},
    )


def overlapping_heads(heads: Sequence[str], detail: str) -> Conflict:
    """Version rows of which one already implies another."""
    return Conflict(
        "database_heads_overlap",
        "The version rows of the database contradict each other.",
        detail=detail or f"Rows: {', '.join(heads)}.",
        fix="Delete the row that is an ancestor of another one, then read the database again.",
        params={"heads": list(heads)},
    )
