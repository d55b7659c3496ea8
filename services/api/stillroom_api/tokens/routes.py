"""API tokens and service accounts: list, make, rotate, end."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter

from stillroom_api.authorization import Person, in_organization, marked
from stillroom_api.context import Transaction
from stillroom_api.tokens.schemas import AccountNew, AccountRead, Accounts, TokenMade, TokenNew, TokenRead, Tokens
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.actors.repository import actor_in
from stillroom_core.tokens import accounts, service

router = APIRouter(prefix="/api/orgs/{org}", tags=["tokens"])


def managing_tokens() -> Any:
    """For /orgs/{org}/tokens: a person who manages the tokens of the organization or of a project there."""

    async def check(org: str, person: Person, session: Transaction) -> Actor:
        actor = await actor_in(session, person, slug=org)
        if not service.manages_tokens(actor):
            actor.check(Permission.TOKEN_MANAGE)
        return actor

    return marked(check, Permission.TOKEN_MANAGE)


Managing = Annotated[Actor, managing_tokens()]
Manager = Annotated[Actor, in_organization(Permission.MEMBER_MANAGE)]


@router.get("/tokens")
async def list_tokens(session: Transaction, actor: Managing) -> Tokens:
    """My own tokens, and those of the projects whose tokens I manage."""
    found = await service.list_tokens(session, actor)
    return Tokens(items=[TokenRead.of(token, owner) for token, owner in found])


@router.post("/tokens", status_code=201)
async def create_token(body: TokenNew, session: Transaction, actor: Managing) -> TokenMade:
    """Makes a token; its text is in this answer and nowhere else."""
    token, owner, text = await service.create_token(session, actor, body.wanted())
    await session.refresh(token)
    return TokenMade.with_text(token, owner, text)


@router.post("/tokens/{token}/rotate")
async def rotate_token(token: UUID, session: Transaction, actor: Managing) -> TokenMade:
    """Another text for the same token; the former one ends at once."""
    return TokenMade.with_text(*await service.rotate_token(session, actor, token))


@router.delete("/tokens/{token}", status_code=204)
async def revoke_token(token: UUID, session: Transaction, actor: Managing) -> None:
    """Ends a token at once."""
    await service.revoke_token(session, actor, token)


@router.get("/service-accounts")
async def list_service_accounts(session: Transaction, actor: Managing) -> Accounts:
    """The service accounts that tokens can be made for."""
    found = await accounts.list_accounts(session, actor)
    return Accounts(items=[AccountRead.model_validate(account) for account in found])


@router.post("/service-accounts", status_code=201)
async def create_service_account(body: AccountNew, session: Transaction, actor: Manager) -> AccountRead:
    """Makes a member that is no person, with roles in projects."""
    account = await accounts.create_account(session, actor, body.name, body.places())
    await session.refresh(account)
    return AccountRead.model_validate(account)


@router.delete("/service-accounts/{account}", status_code=204)
async def delete_service_account(account: UUID, session: Transaction, actor: Manager) -> None:
    """Ends a service account and its tokens."""
    await accounts.delete_account(session, actor, account)
