"""The application: `uvicorn stillroom_api.main:create_app --factory`."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

import stillroom_core.models  # noqa: F401 - registers every table
from stillroom_api import health, problems, web
from stillroom_api.accounts import mine as my_account
from stillroom_api.accounts import routes as accounts
from stillroom_api.activity import routes as activity
from stillroom_api.approvals import routes as approvals
from stillroom_api.audit import routes as audit
from stillroom_api.catalogues import comparison
from stillroom_api.catalogues import routes as catalogues
from stillroom_api.context import Context
from stillroom_api.data import routes as data
from stillroom_api.databases import routes as databases
from stillroom_api.drafts import routes as drafts
from stillroom_api.environments import routes as environments
from stillroom_api.freezes import routes as freezes
from stillroom_api.groups import routes as groups
from stillroom_api.installation import routes as installation
from stillroom_api.invitations import routes as invitations
from stillroom_api.jobs import routes as jobs
from stillroom_api.ledger import routes as ledger
from stillroom_api.live import routes as live
from stillroom_api.mail import routes as mail
from stillroom_api.masks import routes as masks
from stillroom_api.members import in_organization
from stillroom_api.members import routes as members
from stillroom_api.migrations import routes as migrations
from stillroom_api.notifications import routes as notifications
from stillroom_api.organizations import rights
from stillroom_api.organizations import routes as organizations
from stillroom_api.overview import routes as overview
from stillroom_api.passkeys import mine as my_passkeys
from stillroom_api.passkeys import routes as passkeys
from stillroom_api.plans import routes as plans
from stillroom_api.projects import hooks
from stillroom_api.projects import routes as projects
from stillroom_api.protection import Protection
from stillroom_api.providers import routes as providers
from stillroom_api.providers import sign_on
from stillroom_api.queries import routes as queries
from stillroom_api.rate_limits import RateLimits
from stillroom_api.requests import Requests
from stillroom_api.sessions import routes as sessions
from stillroom_api.setups import routes as setups
from stillroom_api.terminals import mine as my_terminals
from stillroom_api.terminals import routes as terminals
from stillroom_api.tokens import routes as tokens
from stillroom_api.trusts import routes as trusts
from stillroom_api.watched import watched
from stillroom_api.webhooks import routes as webhooks
from stillroom_api.writes import routes as writes
from stillroom_core.jobs.queue import Queue
from stillroom_core.logs import configure_logs
from stillroom_core.memory import keep_for_good
from stillroom_core.settings import Settings, get_settings
from stillroom_core.tenancy import weakness

log = structlog.get_logger()

_ROUTERS = (
    sessions.router,
    accounts.router,
    my_account.router,
    passkeys.router,
    my_passkeys.router,
    terminals.router,
    my_terminals.router,
    members.router,
    organizations.router,
    in_organization.router,
    groups.router,
    invitations.router,
    invitations.by_link,
    invitations.mine,
    providers.router,
    sign_on.router,
    sign_on.back,
    mail.router,
    rights.router,
    projects.router,
    hooks.router,
    hooks.told,
    setups.router,
    drafts.router,
    environments.router,
    freezes.router,
    masks.router,
    databases.router,
    catalogues.router,
    comparison.router,
    ledger.router,
    activity.router,
    overview.router,
    data.router,
    queries.router,
    writes.router,
    migrations.router,
    plans.router,
    approvals.router,
    jobs.router,
    audit.router,
    tokens.router,
    trusts.router,
    trusts.exchanging,
    webhooks.router,
    notifications.router,
    live.router,
    installation.router,
    health.router,
)


def create_app(settings: Settings | None = None, queue: Queue | None = None) -> FastAPI:
    """Builds the application; raises when a setting is missing or wrong."""
    settings = settings or get_settings()
    configure_logs(settings, "api")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.context = Context.open(settings, queue)
        await _say_weakness(app.state.context)
        keep_for_good()
        with watched(app.state.context):
            yield
        await app.state.context.close()

    app = FastAPI(
        title="Stillroom",
        version=version("stillroom-core"),
        description="The hosted control room for Alembic migrations on PostgreSQL.",
        lifespan=lifespan,
        # The page that shows the document is part of the web: nothing is loaded from elsewhere.
        docs_url=None,
        redoc_url=None,
        responses={
            "default": {
                "description": "Problem",
                "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
        },
    )
    problems.install(app)
    for router in _ROUTERS:
        app.include_router(router)
    if settings.web_dir is not None:
        web.install(app, settings.web_dir)
    app.add_middleware(GZipMiddleware, minimum_size=2048, compresslevel=5)
    app.add_middleware(RateLimits, settings=settings)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=_hosts(settings))
    app.add_middleware(Protection, https=settings.public_url.startswith("https://"))
    app.add_middleware(Requests)
    _describe_problems(app)
    return app


async def _say_weakness(context: Context) -> None:
    """Warns where our own PostgreSQL would not hold a forgotten filter; a server that is away is told by readyz."""
    with contextlib.suppress(SQLAlchemyError, OSError):
        async with context.database.unscoped() as session:
            if weak := await weakness(session):
                log.warning("database.isolation_weak", reason=weak, fix="docs/isolation.md")


def _hosts(settings: Settings) -> list[str]:
    """The names by which this installation is asked."""
    named = [urlsplit(settings.public_url).hostname or "localhost", *settings.extra_hosts]
    return [*named, "localhost", "127.0.0.1", "[::1]"] if settings.development else named


def _describe_problems(app: FastAPI) -> None:
    """Adds the shape of errors to the OpenAPI document, where every route refers to it."""
    plain = app.openapi

    def described() -> dict[str, object]:
        if app.openapi_schema is None:
            document = plain()
            document["components"]["schemas"].update(problems.schemas())
        return app.openapi_schema or {}

    app.openapi = described  # type: ignore[method-assign]
