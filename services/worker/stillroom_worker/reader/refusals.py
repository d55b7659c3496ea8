"""What a target's server refused, as words for people and a status for the api."""

from typing import Any

import asyncpg

from stillroom_worker.failure import JobFailed

_BROKEN = (
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.InterfaceError,
    OSError,
)
_TOO_LONG = JobFailed(
    "query_timeout",
    "The database took too long and was told to stop.",
    fix="Narrow it down, or allow more time where the page offers it.",
)
_LOCKED = JobFailed(
    "locked_out",
    "Something holds a lock on what was asked for; nobody was made to wait.",
    fix="Look who holds it under Activity, and try again when it has ended.",
)
_READ_ONLY = JobFailed(
    "read_only",
    "This would change the database; here it can only be read.",
    fix="Put changes into a migration.",
)


def refused(cause: BaseException) -> dict[str, Any]:
    """The error's line; never with anything but the server's own words."""
    if isinstance(cause, (asyncpg.QueryCanceledError, TimeoutError)):
        return {**_TOO_LONG.as_dict(), "status": 422}
    if isinstance(cause, (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)):
        return {**_LOCKED.as_dict(), "status": 409}
    if isinstance(cause, asyncpg.InsufficientPrivilegeError):
        rights = JobFailed(
            "no_privilege",
            "The database's user may not do this.",
            str(cause),
            "Grant it to the user, or ask with another user in the database's settings.",
        )
        return {**rights.as_dict(), "status": 422}
    if isinstance(cause, asyncpg.ReadOnlySQLTransactionError):
        return {**_READ_ONLY.as_dict(), "detail": str(cause), "status": 422}
    if isinstance(cause, _BROKEN):
        broken = JobFailed(
            "session_broke", "The connection to the database broke.", fix="Try again; check that the server is up."
        )
        return {**broken.as_dict(), "status": 503}
    said = JobFailed("sql_refused", "The database refused the statement.", str(cause))
    position = getattr(cause, "position", None)
    return {**said.as_dict(), "fix": getattr(cause, "hint", None) or "", "status": 422, "position": position}
