"""Finds out which transactions change what somebody may do, so that open connections look at their rights again.

Roles change in many slices; one that forgot to say so would leave a removed member listening. Here nothing needs to be
said: whatever is written to one of these tables through a session is seen.
"""

from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import ORMExecuteState, Session

from stillroom_core.live.notices import rights_changed
from stillroom_core.tenancy import ScopedSession

_ROLES = frozenset({"memberships", "project_memberships", "environment_memberships", "group_members", "group_roles"})
# Of these only what ends access: refreshing a token or saving a language is no change of rights.
_ENDINGS = {
    "users": ("token_version", "disabled_at", "totp_enabled_at"),
    "refresh_tokens": ("revoked_at",),
    "api_tokens": ("revoked_at", "expires_at"),
    "organizations": ("second_factor_demanded",),
}


@event.listens_for(ScopedSession, "after_flush")
def _flushed(session: Session, _context: Any) -> None:
    rows = [(row, row in session.deleted) for row in (*session.new, *session.dirty, *session.deleted)]
    if any(_decides(row, deleted=deleted) for row, deleted in rows):
        rights_changed(session)


@event.listens_for(ScopedSession, "do_orm_execute")
def _executed(state: ORMExecuteState) -> None:
    if not (state.is_insert or state.is_update or state.is_delete):
        return
    name = getattr(getattr(state.statement, "table", None), "name", None)
    if name in _ROLES or (name in ("users", "refresh_tokens") and not state.is_insert):
        rights_changed(state.session)


def _decides(row: Any, *, deleted: bool) -> bool:
    name = row.__tablename__
    if name in _ROLES or (deleted and name in (*_ENDINGS, "projects", "trusts", "passkeys")):
        return True
    state = inspect(row)
    return any(state.attrs[column].history.has_changes() for column in _ENDINGS.get(name, ()) if state.persistent)
