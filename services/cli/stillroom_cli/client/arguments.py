"""The commands of the client and their arguments; docs/cli.md is made from them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from stillroom_cli.client.failures import Exit
from stillroom_cli.client.running import guarded

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

Command = Callable[[argparse.Namespace], int]

_REVISIONS = "an id or its beginning, head, heads, base, +n, -n, or label@head"


def register(subparsers: Subparsers) -> None:
    """Adds every command; each sets `run`, a function from the parsed arguments to the exit code."""
    _sessions(subparsers)
    _looking(subparsers)
    _moving(subparsers)
    _gate(subparsers)
    _under_lock(subparsers)
    _jobs(subparsers)
    _approvals(subparsers)
    _audit(subparsers)


def _sessions(subparsers: Subparsers) -> None:
    from stillroom_cli.client.commands import sessions

    login = _command(subparsers, "login", sessions.login, "Sign in to a server; later commands use it.")
    login.add_argument("address", nargs="?", metavar="URL", help="the server; default: as for --url")
    who = login.add_mutually_exclusive_group()
    who.add_argument("--email", help="who signs in; default: STILLROOM_EMAIL, else asked for")
    who.add_argument(
        "--browser",
        action="store_true",
        help="sign in through the browser: with a passkey, the organization's account, or whatever it asks for",
    )
    _add_json(login)
    login.epilog = (
        "The password is STILLROOM_PASSWORD, else asked for, else the first line of standard input. The code of a "
        "second factor, where the account has one, is STILLROOM_CODE, else asked for, else the next line."
    )
    logout = _command(subparsers, "logout", sessions.logout, "End the sign-in, here and on the server.")
    logout.add_argument("address", nargs="?", metavar="URL", help="the server; default: as for --url")
    whoami = _command(subparsers, "whoami", sessions.whoami, "Say who is signed in, where, and in which roles.")
    _add_json(whoami)


def _looking(subparsers: Subparsers) -> None:
    from stillroom_cli.client.commands import looking

    projects = _command(subparsers, "projects", looking.projects, "List the projects that you may see.")
    projects.add_argument("--org", help="only those of this organization")
    _add_json(projects)
    history = _command(subparsers, "history", looking.history, "Draw a project's revisions, newest first.")
    _add_project(history)
    history.add_argument("-n", "--limit", type=_positive, help="only the newest so many")
    _add_json(history)
    current = _command(subparsers, "current", looking.current, "Say where every database of a project stands.")
    _add_project(current)
    _add_environment(current, "only this environment")
    _add_json(current)


def _moving(subparsers: Subparsers) -> None:
    from stillroom_cli.client.commands import moving, planning

    plan = _command(subparsers, "plan", planning.plan, "Plan a move of a database: what would run, in which order.")
    plan.add_argument("kind", choices=planning.KINDS, help="which move")
    plan.add_argument("revision", metavar="REV", help=_REVISIONS)
    _add_project(plan)
    _add_environment(plan, "where to run; default: STILLROOM_ENVIRONMENT")
    plan.add_argument("-d", "--database", help="which one, if the environment has several")
    plan.add_argument(
        "--commit", metavar="SHA", help="with downgrade: the code of this earlier commit, which has the revisions"
    )
    plan.add_argument(
        "--check",
        action="store_true",
        help=f"end with exit code {int(Exit.JOB_FAILED)} when something in the plan is dangerous",
    )
    _add_json(plan, "print JSON, as the API gives it, with what in the steps may hurt as `findings`")
    plan.epilog = (
        "The plan is kept: `stillroom upgrade --plan ID` runs exactly it, or nothing if the database moved. Under each "
        "step stands what in it may hurt (docs/safe-migrations.md); a token needs job.read for that, and what cannot "
        "be judged is no danger to --check."
    )
    for name, text in (
        ("upgrade", "Start an upgrade of a database."),
        ("downgrade", "Start a downgrade of a database."),
        ("stamp", "Write a revision into the version table without running anything."),
        ("check", "Compare the project's models with a database (alembic check)."),
    ):
        parser = _command(subparsers, name, moving.COMMANDS[name], text)
        if name != "check":
            parser.add_argument("revision", metavar="REV", nargs="?", help=_REVISIONS)
            parser.add_argument(
                "--plan", metavar="ID", help="run exactly this plan (stillroom plan); it names project and database"
            )
        if name != "check":
            parser.add_argument(
                "--reason",
                metavar="TEXT",
                help="why, for those who must approve it and kept with the job; or STILLROOM_REASON. A stamp needs one",
            )
        _add_project(parser)
        _add_environment(parser, "where to run; default: STILLROOM_ENVIRONMENT")
        parser.add_argument("-d", "--database", help="which one, if the environment has several")
        parser.add_argument("-w", "--wait", action="store_true", help="show it live; the exit code tells how it ended")
        parser.add_argument(
            "--idempotency-key",
            metavar="KEY",
            help="the same key starts the same job once; default: a new one, so that a repeated send is safe",
        )
        parser.add_argument("--junit", metavar="FILE", help="with --wait: write how it ended as JUnit XML")
        parser.add_argument("--summary", metavar="FILE", help="with --wait: append how it ended to FILE as Markdown")
        if name != "check":
            parser.add_argument(
                "--override",
                metavar="REASON",
                help="start without approvals, outside the change window, or before the environment that goes first; "
                "the reason is kept for everybody to read",
            )
            parser.add_argument(
                "--approval-timeout",
                metavar="MINUTES",
                type=_positive,
                help=f"wait so long for the approval of others; default: end at once with exit code "
                f"{int(Exit.NEEDS_APPROVAL)}",
            )
        _add_json(parser, "print the job as JSON; with --wait the ended one, and the stream goes to standard error")


def _gate(subparsers: Subparsers) -> None:
    from stillroom_cli.client.commands import gate

    parser = _command(
        subparsers, "gate", gate.gate, "Say whether a database is at or after a revision; the exit code is 0 or 1."
    )
    parser.add_argument("revision", metavar="REV", nargs="?", help="an id or its beginning; default: head")
    parser.add_argument(
        "--commit", metavar="SHA", help="whose head is meant; default: STILLROOM_COMMIT, else the newest that was read"
    )
    parser.add_argument("--exact", action="store_true", help="at that revision and not after it")
    _add_project(parser)
    _add_environment(parser, "which one; default: STILLROOM_ENVIRONMENT")
    parser.add_argument("-d", "--database", help="which one, if the environment has several")
    parser.add_argument(
        "--max-age",
        metavar="SECONDS",
        type=_positive,
        default=60,
        help="the database is read anew where the last reading is older (default: %(default)s)",
    )
    parser.add_argument("-w", "--wait", action="store_true", help="wait until it is there")
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_positive,
        default=600,
        help="with --wait: how long at most (default: %(default)s)",
    )
    _add_json(parser)
    parser.epilog = (
        "While an upgrade runs, what was there before it began still counts; a downgrade or a stamp that runs closes "
        "the gate. docs/ci has an init container."
    )


def _under_lock(subparsers: Subparsers) -> None:
    from stillroom_cli.client.commands import under_lock

    parser = subparsers.add_parser(
        "exec",
        help="Run a migration command of your own under the lock that jobs take.",
        description="Run a migration command of your own under the lock that jobs take. It talks to the database only.",
    )
    parser.add_argument(
        "--variable",
        metavar="NAME",
        default="DATABASE_URL",
        help="the environment variable that holds the database's URL (default: %(default)s, else libpq's PGHOST, …)",
    )
    parser.add_argument("--no-wait", action="store_true", help="end at once where another migration runs")
    parser.add_argument("words", metavar="COMMAND", nargs=argparse.REMAINDER, help="the command, after two dashes")
    parser.epilog = "Its exit code is the command's. Example: stillroom exec -- alembic upgrade head"
    parser.set_defaults(run=guarded(under_lock.exec_))


def _jobs(subparsers: Subparsers) -> None:
    from stillroom_cli.client.commands import jobs

    listing = _command(subparsers, "jobs", jobs.jobs, "List jobs, newest first.")
    listing.add_argument("--org", help="the organization, if you belong to several and give no project")
    _add_project(listing)
    _add_environment(listing, "only this environment")
    listing.add_argument("--state", action="append", choices=jobs.STATES, help="only these; may be repeated")
    listing.add_argument("-n", "--limit", type=_positive, default=20, help="so many (default: %(default)s)")
    _add_json(listing)
    logs = _command(subparsers, "logs", jobs.logs, "Print a job's stream.")
    _add_job(logs)
    logs.add_argument(
        "-f", "--follow", action="store_true", help="stay until the job has ended; its end is the exit code"
    )
    logs.add_argument(
        "--text", action="store_true", help="the whole stored log as a text file: nothing shortened, no colours"
    )
    _add_json(logs, "one event as JSON on each line")
    cancel = _command(subparsers, "cancel", jobs.cancel, "Cancel a job that waits or runs.")
    _add_job(cancel)
    _add_json(cancel)
    resume = _command(
        subparsers, "resume", jobs.resume, "Go on with a job that stopped, from where the database stands."
    )
    _add_job(resume)
    resume.add_argument("-w", "--wait", action="store_true", help="show it live; the exit code tells how it ended")
    _add_json(resume)


def _approvals(subparsers: Subparsers) -> None:
    from stillroom_cli.client.commands import approvals

    listing = _command(subparsers, "approvals", approvals.approvals, "List requests for approval, newest first.")
    listing.add_argument("--org", help="the organization, if you belong to several")
    shown = listing.add_mutually_exclusive_group()
    for show, text in (
        ("open", "all that wait, and not only for you"),
        ("mine", "those that you made"),
        ("decided", "those with an end"),
    ):
        shown.add_argument(f"--{show}", dest="show", action="store_const", const=show, help=text)
    listing.add_argument("-n", "--limit", type=_positive, default=20, help="so many (default: %(default)s)")
    _add_json(listing)
    for name, run, text in (
        ("approve", approvals.approve, "Approve a request; the last approval that was missing starts the job."),
        ("reject", approvals.reject, "Reject a request, which ends it."),
        ("withdraw", approvals.withdraw, "Take a request of your own back."),
    ):
        parser = _command(subparsers, name, run, text)
        parser.add_argument("request", metavar="REQUEST", help="its id, or the link to it")
        if name != "withdraw":
            parser.add_argument("--comment", metavar="TEXT", required=name == "reject", help="why")
        _add_json(parser)


def _audit(subparsers: Subparsers) -> None:
    from stillroom_cli.client.commands import audit

    parser = _command(subparsers, "audit", audit.audit, "Verify an organization's audit log, or take it away.")
    parser.add_argument("act", choices=("verify", "export"), help="follow its chain of hashes, or print every entry")
    parser.add_argument("--org", help="the organization, if you belong to several")
    parser.add_argument(
        "--since",
        metavar="NUMBER:HASH",
        type=audit.remembered,
        help="with verify: an earlier answer, which must still be part of the chain",
    )
    parser.add_argument("--csv", action="store_true", help="with export: for a spreadsheet instead of JSON lines")
    _add_json(parser, "with verify: print JSON")
    parser.epilog = "verify asks for the entries and computes the chain here; keep its answer, and give it as --since."


def _command(subparsers: Subparsers, name: str, run: Command, text: str) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(name, help=text, description=text)
    parser.add_argument(
        "--url",
        help="the server; default: STILLROOM_URL, else the one of the last login, else http://localhost:8000",
    )
    parser.set_defaults(run=guarded(run))
    return parser


def _add_project(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-p", "--project", help="its short name, organization/name or id; default: STILLROOM_PROJECT")


def _add_environment(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("-e", "--environment", help=text)


def _add_job(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "job", metavar="JOB", help="its id, or its number with --project or --org where you have several"
    )
    parser.add_argument("--org", help="the organization whose job number is meant")
    _add_project(parser)


def _add_json(parser: argparse.ArgumentParser, text: str = "print JSON, as the API gives it") -> None:
    parser.add_argument("--json", action="store_true", help=text)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a number from 1 on is needed")
    return int(text)
