"""What each role may do on each route: written by hand, and never derived from the code that is tested.

A route that is not here fails the test. The columns, one letter each:

    O owner   A administrator   M member without a project role      of the organization `own`
    V viewer  P operator  T maintainer  D project administrator      of its project `shop`
    E operator on the environment dev only                           with no role in the project
"""

from dataclasses import dataclass, field
from typing import Any

COLUMNS = "OAMVPTDE"

EVERYBODY = "OAMVPTDE"
READERS = "OAVPTDE"
# On an environment that is not protected, and on one that is.
MOVERS = {"dev": "OAPTDE", "prod": "OATD"}
PLANNERS = {"dev": "OAPTDE", "prod": "OAPTD"}
WRITERS = {"dev": "OATD", "prod": "OAD"}
RESTORERS = "OATD"
SETTERS = "OAD"
MANAGERS = "OA"
OWNERS = "O"


@dataclass(frozen=True)
class Row:
    """One request, and who may make it; `seen_by` is whom a refusal need not pretend to that nothing is there."""

    method: str
    path: str
    allowed: str
    on: str = "dev"
    body: Any = None
    query: dict[str, str] = field(default_factory=dict)
    seen_by: str = READERS


def in_organization(method: str, path: str, allowed: str, body: Any = None, **query: str) -> Row:
    """A request about the organization: every member may know that there is such a thing."""
    return Row(method, f"/api/orgs/{{org}}{path}", allowed, body=body, query=query, seen_by=EVERYBODY)


def in_project(method: str, path: str, allowed: str, body: Any = None, on: str = "dev") -> Row:
    """A request about the project or something in it."""
    return Row(method, f"/api/orgs/{{org}}/projects/{{project}}{path}", allowed, on, body)


def on_both(method: str, path: str, allowed: dict[str, str], **more: Any) -> list[Row]:
    """The same request on the unprotected and on the protected environment."""
    return [Row(method, path, who, on, **more) for on, who in allowed.items()]


def move(kind: str, allowed: dict[str, str]) -> list[Row]:
    """Starting a job of one kind on both environments."""
    return [
        Row(
            "POST",
            f"/api/migrations/{kind}",
            who,
            on,
            {
                "project": "own/shop",
                "environment": on,
                "revision": "base" if kind == "downgrade" else "head",
                "reason": "restored by hand" if kind == "stamp" else None,
            },
        )
        for on, who in allowed.items()
    ]


def everywhere(who: str) -> dict[str, str]:
    """The same people on both environments."""
    return {"dev": who, "prod": who}


DATABASE = {"name": "n", "host": "h.example", "database": "d", "username": "u"}
DATABASE_TO_TEST = {"host": "h.example", "database": "d", "username": "u"}
SHOP = {"project": "own/shop"}
TOKEN = {"name": "CI", "permissions": ["job.upgrade"], "projects": ["shop"], "expires_in_days": 30}
TRUST = {
    "name": "GitHub",
    "account": "{account}",
    "issuer": "https://token.actions.example",
    "audience": "https://stillroom.example",
    "claims": [{"name": "repository", "pattern": "acme/shop"}],
    "permissions": ["job.upgrade"],
}
WEBHOOK = {"name": "Chat", "url": "https://hooks.example/x", "events": ["job.failed"]}
ENVIRONMENT = "/api/orgs/{org}/projects/{project}/environments/{environment}"

CATALOGUE = f"{ENVIRONMENT}/databases/{{database}}/catalogue"

COMPARISON = "/api/orgs/{org}/projects/{project}/comparison"
BOTH = {"left": "{database}", "right": "{database}"}
OVERVIEW = f"{ENVIRONMENT}/databases/{{database}}/overview"
LEDGER = f"{ENVIRONMENT}/databases/{{database}}/ledger"
ACTIVITY = f"{ENVIRONMENT}/databases/{{database}}/activity"
ROWS = f"{ENVIRONMENT}/databases/{{database}}/rows"
WRITES = f"{ENVIRONMENT}/databases/{{database}}/writes"
SAVED = f"{ENVIRONMENT}/queries"
QUERY = f"{ENVIRONMENT}/databases/{{database}}/query"

MATRIX: list[Row] = [
    # Of oneself.
    Row("GET", "/api/me", EVERYBODY, seen_by=EVERYBODY),
    Row("POST", "/api/live/ticket", EVERYBODY, seen_by=EVERYBODY),
    Row("PATCH", "/api/me", EVERYBODY, body={"name": "N"}, seen_by=EVERYBODY),
    # Why somebody may: of oneself everybody, of others whoever may manage members.
    in_organization("GET", "/rights", EVERYBODY),
    # The audit log.
    in_organization("GET", "/audit", MANAGERS),
    in_organization("GET", "/audit/export", MANAGERS),
    in_organization("GET", "/audit/verification", MANAGERS),
    in_organization("GET", "/rights", MANAGERS, person="{person}"),
    # The organization, its members, groups and invitations.
    in_organization("GET", "", EVERYBODY),
    in_organization("PATCH", "", MANAGERS, {"name": "Renamed"}),
    in_organization("POST", "/transfer", OWNERS, {"person": "{person}", "current": "correct horse battery"}),
    in_organization("POST", "/delete", OWNERS, {"slug": "own", "current": "correct horse battery"}),
    # Nobody of the matrix has a second factor, so that it can only be switched off.
    in_organization("PUT", "/second-factor", OWNERS, {"demanded": False}),
    in_organization("GET", "/provider", OWNERS),
    in_organization("PUT", "/provider", OWNERS, {"issuer": "https://10.0.0.1", "client_id": "c"}),
    in_organization("DELETE", "/provider", OWNERS),
    in_organization("POST", "/provider/domains", OWNERS, {"domain": "own.example"}),
    in_organization("POST", "/provider/domains/{domain}/check", OWNERS),
    in_organization("DELETE", "/provider/domains/{domain}", OWNERS),
    in_organization("GET", "/members", EVERYBODY),
    in_organization("PATCH", "/members/{person}", MANAGERS, {"role": "admin"}),
    in_organization("DELETE", "/members/{person}", MANAGERS),
    in_organization("GET", "/groups", EVERYBODY),
    in_organization("POST", "/groups", MANAGERS, {"name": "n"}),
    in_organization("PATCH", "/groups/{group}", MANAGERS, {"name": "n"}),
    in_organization("DELETE", "/groups/{group}", MANAGERS),
    in_organization("PUT", "/groups/{group}/members/{person}", MANAGERS),
    in_organization("DELETE", "/groups/{group}/members/{person}", MANAGERS),
    in_organization("GET", "/invitations", MANAGERS),
    in_organization("POST", "/invitations", MANAGERS, {"role": "member"}),
    in_organization("POST", "/invitations/{invitation}/send", MANAGERS, {}),
    in_organization("DELETE", "/invitations/{invitation}", MANAGERS),
    in_project("GET", "/members", READERS),
    in_project("PUT", "/members/{person}", SETTERS, {"role": "admin"}),
    in_project("PUT", "/members/{person}", SETTERS, {"role": "operator", "environment": "prod"}),
    in_project("PUT", "/groups/{group}", SETTERS, {"role": "viewer"}),
    # API tokens and service accounts.
    in_organization("GET", "/tokens", SETTERS),
    in_organization("POST", "/tokens", SETTERS, TOKEN),
    in_organization("POST", "/tokens/{token}/rotate", SETTERS),
    in_organization("DELETE", "/tokens/{token}", SETTERS),
    in_organization("GET", "/service-accounts", SETTERS),
    in_organization("POST", "/service-accounts", MANAGERS, {"name": "Pipeline"}),
    in_organization("DELETE", "/service-accounts/{account}", MANAGERS),
    # Pipelines that come with an identity token.
    in_organization("GET", "/trusts", MANAGERS),
    in_organization("POST", "/trusts", MANAGERS, TRUST),
    in_organization("PUT", "/trusts/{trust}", MANAGERS, TRUST),
    in_organization("DELETE", "/trusts/{trust}", MANAGERS),
    # Webhooks, and what oneself is told of.
    in_organization("GET", "/webhooks", MANAGERS),
    in_organization("POST", "/webhooks", MANAGERS, WEBHOOK),
    in_organization("PATCH", "/webhooks/{webhook}", MANAGERS, {"active": False}),
    in_organization("DELETE", "/webhooks/{webhook}", MANAGERS),
    in_organization("POST", "/webhooks/{webhook}/secret", MANAGERS),
    in_organization("POST", "/webhooks/{webhook}/test", MANAGERS),
    in_organization("GET", "/webhooks/{webhook}/deliveries", MANAGERS),
    in_organization("GET", "/webhooks/{webhook}/deliveries/{delivery}", MANAGERS),
    in_organization("POST", "/webhooks/{webhook}/deliveries/{delivery}/send", MANAGERS),
    # Projects.
    in_organization("GET", "/projects", EVERYBODY),
    in_organization("POST", "/projects", MANAGERS, {"slug": "n", "name": "N", "git_url": "https://g.example/n.git"}),
    in_project("GET", "", READERS),
    in_project("PATCH", "", SETTERS, {"name": "Renamed"}),
    in_project("DELETE", "", MANAGERS),
    # Where to, and what they may do there, is looked at after the permission here.
    in_project("POST", "/move", MANAGERS, {"organization": "own", "slug": "shop"}),
    in_project("POST", "/fetch", "OAPTD"),
    in_project("PUT", "/hook", SETTERS),
    in_project("DELETE", "/hook", SETTERS),
    # Projects to be: each person's own, here the owner's, so that to another administrator it is not there.
    in_organization("GET", "/setups", MANAGERS),
    in_organization("POST", "/setups", MANAGERS, {"git_url": "https://g.example/n.git"}),
    *[
        Row(method, f"/api/orgs/{{org}}/setups/{{setup}}{path}", OWNERS, body=body, seen_by="OMVPTDE")
        for method, path, body in (
            ("GET", "", None),
            ("PATCH", "", {"choices": {}}),
            ("DELETE", "", None),
            ("POST", "/look", None),
            ("POST", "/test", DATABASE_TO_TEST),
            ("POST", "/key", None),
            ("POST", "/host-keys", {"host": "bastion.example"}),
            ("POST", "/finish", {"project": {"slug": "n", "name": "N"}}),
        )
    ],
    # Environments and databases.
    in_project("GET", "/environments", READERS),
    in_project("POST", "/environments", SETTERS, {"slug": "qa", "name": "QA"}),
    in_project("POST", "/environments/host-keys", SETTERS, {"host": "bastion.example"}),
    *on_both("PATCH", ENVIRONMENT, everywhere(SETTERS), body={"name": "Renamed"}),
    *on_both("PATCH", ENVIRONMENT, everywhere(SETTERS), body={"protected": False}),
    *on_both("GET", f"{ENVIRONMENT}/automatic", everywhere(READERS)),
    *on_both("DELETE", ENVIRONMENT, everywhere(SETTERS)),
    *on_both("POST", f"{ENVIRONMENT}/databases", everywhere(SETTERS), body=DATABASE),
    *on_both("PATCH", f"{ENVIRONMENT}/databases/{{database}}", everywhere(SETTERS), body={"name": "x"}),
    *on_both("DELETE", f"{ENVIRONMENT}/databases/{{database}}", everywhere(SETTERS)),
    *on_both("POST", f"{ENVIRONMENT}/databases/{{database}}/read", PLANNERS),
    # What stands in a database.
    *on_both("GET", f"{CATALOGUE}", everywhere(READERS)),
    *[row for part in ("live", "health", "history") for row in on_both("GET", f"{OVERVIEW}/{part}", PLANNERS)],
    *on_both("GET", f"{CATALOGUE}/diagram", everywhere(READERS)),
    Row("GET", COMPARISON, READERS, query=BOTH),
    Row("GET", f"{COMPARISON}/object", READERS, query={**BOTH, "kind": "table", "name": "n"}),
    *on_both("POST", f"{CATALOGUE}/read", everywhere(READERS)),
    *on_both("GET", f"{CATALOGUE}/object", everywhere(READERS), query={"kind": "table", "name": "n"}),
    *on_both("GET", f"{CATALOGUE}/object/history", everywhere(READERS), query={"kind": "table", "name": "n"}),
    # What changed it.
    *on_both("GET", LEDGER, everywhere(READERS)),
    *on_both("GET", f"{LEDGER}/export", everywhere(READERS)),
    # Who works in a database, its rows, SQL that reads.
    *on_both("GET", f"{ACTIVITY}", PLANNERS),
    *on_both("POST", f"{ACTIVITY}/end", everywhere(RESTORERS), body={"pid": 1, "started": 1.5, "terminate": False}),
    *on_both("POST", f"{ROWS}", MOVERS, body={"schema_name": "public", "table": "t"}),
    *on_both("POST", f"{ROWS}/export", MOVERS, body={"schema_name": "public", "table": "t"}),
    *on_both("POST", f"{QUERY}", MOVERS, body={"sql": "select 1"}),
    *on_both("POST", f"{QUERY}/explain", MOVERS, body={"sql": "select 1"}),
    # SQL that changes data: the service itself refuses it on what is protected, whoever asks.
    *on_both("GET", WRITES, WRITERS),
    *on_both("POST", WRITES, WRITERS, body={"sql": "delete from t", "database_name": "other"}),
    # Queries that are kept: the project's, for whoever may run SQL somewhere.
    *on_both("GET", SAVED, MOVERS),
    *on_both("POST", SAVED, MOVERS, body={"name": "n", "sql": "select 1"}),
    *on_both("PATCH", f"{SAVED}/{{query}}", MOVERS, body={"name": "m"}),
    *on_both("DELETE", f"{SAVED}/{{query}}", MOVERS),
    # Drafts of revisions.
    in_project("GET", "/drafts", READERS),
    in_project("POST", "/drafts", "OAPTD", {"kind": "empty", "message": "m"}),
    in_project("GET", "/drafts/{draft}", READERS),
    in_project("POST", "/drafts/{draft}/push", RESTORERS, {"branch": "b"}),
    in_project("DELETE", "/drafts/{draft}", "OAPTD"),
    # Migrations.
    Row("GET", "/api/migrations/history", READERS, query=SHOP),
    Row("GET", "/api/migrations/current", READERS, query=SHOP),
    *[Row("GET", "/api/migrations/gate", READERS, on, query={**SHOP, "environment": on}) for on in ("dev", "prod")],
    Row("GET", "/api/migrations/runs", READERS, query=SHOP),
    Row("GET", "/api/migrations/revisions/{revision}", READERS, query=SHOP),
    Row("GET", "/api/migrations/revisions/{revision}/runs", READERS, query=SHOP),
    Row("GET", "/api/migrations/revisions/{revision}/changes", READERS, query=SHOP),
    Row("GET", "/api/migrations/revisions/{revision}/findings", READERS, query=SHOP),
    Row("GET", "/api/migrations/revisions/{revision}/trace", READERS, query=SHOP),
    # Where a role does not reach it asks: on what is protected an operator starts nothing, and may request it.
    *move("upgrade", PLANNERS),
    *move("command", PLANNERS),
    *move("downgrade", everywhere(RESTORERS)),
    *move("stamp", everywhere(RESTORERS)),
    *move("check", PLANNERS),
    *move("current", PLANNERS),
    *[
        Row("POST", "/api/migrations/plan", who, on, {**SHOP, "environment": on, "kind": "upgrade", "revision": "head"})
        for on, who in PLANNERS.items()
    ],
    *on_both("GET", "/api/plans/{plan}", everywhere(READERS)),
    *on_both("GET", "/api/plans/{plan}/findings", everywhere(READERS)),
    # Jobs. They are the operator's own on dev, and the owner's on prod.
    Row("GET", "/api/jobs", EVERYBODY, query={"org": "own"}, seen_by=EVERYBODY),
    Row("GET", "/api/jobs/choices", EVERYBODY, query={"org": "own"}, seen_by=EVERYBODY),
    Row("GET", "/api/jobs/export", EVERYBODY, query={"org": "own"}, seen_by=EVERYBODY),
    *on_both("GET", "/api/jobs/{job}", everywhere(READERS)),
    *on_both("GET", "/api/jobs/{job}/events", everywhere(READERS)),
    *on_both("GET", "/api/jobs/{job}/log", everywhere(READERS)),
    *on_both("GET", "/api/jobs/{job}/revisions/{revision}/statements", everywhere(READERS)),
    *on_both("POST", "/api/jobs/{job}/cancel", {"dev": "OAPTD", "prod": "OATD"}),
    *on_both("POST", "/api/jobs/{job}/resume/plan", PLANNERS),
    *on_both("POST", "/api/jobs/{job}/resume", PLANNERS, body={}),
    # Approvals. Whose request it is, is looked at after the permission.
    in_organization("GET", "/approvals", EVERYBODY),
    in_organization("GET", "/approvals/count", EVERYBODY),
    *on_both("GET", "/api/approvals/{request}", everywhere(READERS)),
    *on_both("POST", "/api/approvals/{request}/approve", everywhere(RESTORERS), body={}),
    *on_both("POST", "/api/approvals/{request}/reject", everywhere(RESTORERS), body={"comment": "c"}),
    *on_both("POST", "/api/approvals/{request}/withdraw", PLANNERS),
    # Freezes.
    in_project("GET", "/freezes", READERS),
    in_project("POST", "/freezes", SETTERS, {"ends_at": "2100-01-01T00:00:00Z", "reason": "r"}),
    in_project("DELETE", "/freezes/{freeze}", SETTERS),
    in_project("GET", "/masks", READERS),
    in_project("GET", "/masks/suggestions", SETTERS),
    in_project("POST", "/masks", SETTERS, {"column_name": "phone"}),
    in_project("DELETE", "/masks/{mask}", SETTERS),
]
