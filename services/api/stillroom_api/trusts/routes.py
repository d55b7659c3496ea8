"""Trusts: list, make, change, end; and the exchange for pipelines that keep no secret."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from stillroom_api.authorization import in_organization
from stillroom_api.context import ContextOf, Transaction
from stillroom_api.trusts.schemas import ExchangedToken, IdentityToken, TrustNew, TrustRead, Trusts
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.tables import now
from stillroom_core.trusts import service
from stillroom_core.trusts.exchange import exchange

router = APIRouter(prefix="/api/orgs/{org}/trusts", tags=["trusts"])
exchanging = APIRouter(prefix="/api/auth", tags=["trusts"])

Manager = Annotated[Actor, in_organization(Permission.MEMBER_MANAGE)]


@router.get("")
async def list_trusts(session: Transaction, context: ContextOf, actor: Manager) -> Trusts:
    """Whose pipelines are trusted."""
    found = await service.list_trusts(session, actor)
    return Trusts(
        items=[TrustRead.of(trust, account) for trust, account in found],
        audience=context.settings.public_url.rstrip("/"),
    )


@router.post("", status_code=201)
async def create_trust(body: TrustNew, session: Transaction, actor: Manager) -> TrustRead:
    """Trusts identity tokens of an issuer that have these claims, within one's own rights."""
    trust, account = await service.create_trust(session, actor, body.content())
    await session.refresh(trust)
    return TrustRead.of(trust, account)


@router.put("/{trust}")
async def change_trust(trust: UUID, body: TrustNew, session: Transaction, actor: Manager) -> TrustRead:
    """Gives a trust another content."""
    return TrustRead.of(*await service.replace_trust(session, actor, trust, body.content()))


@router.delete("/{trust}", status_code=204)
async def delete_trust(trust: UUID, session: Transaction, actor: Manager) -> None:
    """Ends a trust and every token that it gave."""
    await service.delete_trust(session, actor, trust)


@exchanging.post("/exchange")
async def exchange_token(body: IdentityToken, context: ContextOf, session: Transaction) -> ExchangedToken:
    """Exchanges a pipeline's identity token, once, for an API token of at most an hour."""
    exchanged = await exchange(context.database, session, context.settings, body.trust, body.token)
    left = exchanged.token.expires_at - now()
    return ExchangedToken(access_token=exchanged.text, expires_in=int(left.total_seconds()))
