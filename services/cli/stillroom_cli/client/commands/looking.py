"""Projects, their revisions, and where their databases stand."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from typing import Any
from urllib.parse import quote

from stillroom_cli.client.connection import Client
from stillroom_cli.client.failures import Exit
from stillroom_cli.client.lanes import draw
from stillroom_cli.client.running import open_client, print_json, project_of
from stillroom_cli.client.table import write_table
from stillroom_cli.client.terminal import Piece, Style, Terminal
from stillroom_cli.client.times import ago, parsed


def projects(arguments: argparse.Namespace) -> int:
    """Lists the projects of every organization of the person, or of one."""
    with open_client(arguments) as client:
        slugs = [arguments.org] if arguments.org else [o["slug"] for o in client.get("/api/me")["organizations"]]
        found = [item for slug in slugs for item in client.get(f"/api/orgs/{quote(slug, safe='')}/projects")["items"]]
    if arguments.json:
        print_json(found)
        return Exit.DONE
    terminal = Terminal(sys.stdout)
    if not found:
        terminal.line("No projects yet: add one on the pages.")
        return Exit.DONE
    write_table(terminal, ("project", "name", "repository", "commit"), [_project_row(item) for item in found])
    return Exit.DONE


def history(arguments: argparse.Namespace) -> int:
    """Draws the graph with the environments beside the revisions where they stand."""
    project = project_of(arguments)
    with open_client(arguments) as client:
        found = client.get("/api/migrations/history", project=project)
        if arguments.json:
            print_json(found)
            return Exit.DONE
        standing = _standing(client, project)
    terminal = Terminal(sys.stdout)
    entries = {entry["id"]: entry for entry in found["revisions"]}
    rows = draw((entry["id"], tuple(d for d in entry["down"] if d in entries)) for entry in found["revisions"])
    shown = 0
    for row in rows:
        if row.revision is None:
            terminal.line((row.lanes, Style.RUNNING))
            continue
        terminal.line(*_revision_line(row.lanes, entries[row.revision], standing.get(row.revision, [])))
        shown += 1
        if shown == arguments.limit:
            break
    if shown < len(entries):
        terminal.line((f"… and {len(entries) - shown} more", Style.FAINT))
    for note in found["notes"]:
        Terminal(sys.stderr).line(("note: ", Style.CAREFUL), note.get("detail") or note["code"])
    return Exit.DONE


def current(arguments: argparse.Namespace) -> int:
    """Tells where every database stands."""
    environment = arguments.environment or os.environ.get("STILLROOM_ENVIRONMENT")
    with open_client(arguments) as client:
        found = client.get("/api/migrations/current", project=project_of(arguments), environment=environment)
    if arguments.json:
        print_json(found)
        return Exit.DONE
    rows = [
        (environment["slug"], database["name"], *_stands(database), _read_when(database))
        for environment in found["environments"]
        for database in environment["databases"]
    ]
    write_table(Terminal(sys.stdout), ("environment", "database", "stands at", "", "read"), rows)
    return Exit.DONE


def _project_row(item: dict[str, Any]) -> tuple[Piece, ...]:
    name: Piece = (f"{item['organization']['slug']}/{item['slug']}", Style.STRONG)
    if item["commit"]:
        commit: Piece = f"{item['commit']['sha'][:10]} {item['commit']['ref']}"
    elif item["fetch"]["error"]:
        commit = (item["fetch"]["error"]["title"], Style.BAD)
    else:
        commit = (item["fetch"]["state"], Style.FAINT)
    return name, item["name"], item["git_url"], commit


def _standing(client: Client, project: str | None) -> dict[str, list[str]]:
    """Revision → the places that stand there."""
    found: dict[str, list[str]] = {}
    for environment in client.get("/api/migrations/current", project=project)["environments"]:
        for database in environment["databases"]:
            several = len(environment["databases"]) > 1
            name = f"{environment['slug']}/{database['name']}" if several else environment["slug"]
            for head in database["heads"] or []:
                found.setdefault(head, []).append(name)
    return found


def _revision_line(lanes: str, entry: dict[str, Any], places: list[str]) -> list[Piece]:
    names = [*entry["labels"], *(["head"] if entry["is_head"] else [])]
    pieces: list[Piece] = [(f"{lanes}  ", Style.RUNNING), (entry["id"][:12], Style.STRONG)]
    if places:
        pieces += ["  ", (f"({', '.join(places)})", Style.GOOD)]
    if names:
        pieces += ["  ", (f"[{', '.join(names)}]", Style.CAREFUL)]
    pieces.append(f"  {entry['message']}")
    by = ", ".join(part for part in (entry["author"] or "", ago(parsed(entry["date"]))) if part)
    return [*pieces, (f"  {by}", Style.FAINT)] if by else pieces


def _stands(database: dict[str, Any]) -> tuple[Piece, Piece]:
    heads = database["heads"]
    where = "?" if heads is None else ", ".join(head[:12] for head in heads) or "base"
    if not database["trusted"]:
        return where, ("a job was lost here: read it again", Style.BAD)
    if job := database["job"]:
        done = f", {job['done']} of {job['total']}" if job["total"] else ""
        return where, (f"job {job['number']}: {job['kind']} {job['state']}{done}", Style.RUNNING)
    if database["unknown"]:
        return where, ("not in this commit: " + ", ".join(database["unknown"]), Style.BAD)
    if database["at_head"]:
        return where, ("at head", Style.GOOD)
    if database["behind"]:
        return where, (f"behind by {database['behind']}", Style.CAREFUL)
    return where, ""


def _read_when(database: dict[str, Any]) -> Piece:
    error = database["read"]["error"]
    if error:
        return " ".join(itertools.filterfalse(lambda part: not part, (error["title"], error["detail"]))), Style.BAD
    return ago(parsed(database["heads_read_at"])) or "never", Style.FAINT
