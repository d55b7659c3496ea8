"""Who opens a connection: a signed-in person by their token or ticket, or a program by its API token."""

from starlette.requests import HTTPConnection

from stillroom_api.authorization import bearer_token
from stillroom_api.context import Context
from stillroom_api.live.rights import Identity
from stillroom_core.sessions.tokens import read
from stillroom_core.tokens.service import token_user
from stillroom_core.tokens.text import is_token


async def identity_by_header(connection: HTTPConnection, context: Context) -> Identity:
    """Of the Authorization header; raises Unauthenticated."""
    text = bearer_token(connection)
    if not is_token(text):
        claims = read(context.settings, text)
        return Identity(claims.user_id, claims=claims)
    async with context.database.unscoped() as session:
        user, token = await token_user(session, text, connection.client.host if connection.client else "")
        return Identity(user.id, token_id=token.id)
