"""Sealed values that were found at another place than their own: told in the audit log of whose place it is.

Opening a value needs no transaction, and mostly its failure rolls one back. So what was found waits in the process
(`sealing.found_misplaced`) until the request or the task has ended, and is told then.
"""

import structlog

from stillroom_core.audit.service import Subject, write_found
from stillroom_core.database import Database
from stillroom_core.sealing import found_misplaced

log = structlog.get_logger()


async def tell_misplaced(database: Database) -> None:
    """Writes an entry for each one; nothing where none was found."""
    while found_misplaced:
        address = found_misplaced.popleft()
        log.error("secret.misplaced", row=str(address.row_id), field=address.field)
        if address.organization_id.int == 0:
            continue  # of a person or a letter: the log is all there is
        subject = Subject(kind="secret", id=str(address.row_id), name=address.field)
        async with database.transaction(address.organization_id) as session:
            await write_found(session, address.organization_id, "secret.misplaced", subject, {}, {})
