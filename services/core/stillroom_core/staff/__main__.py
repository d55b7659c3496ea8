"""`python -m stillroom_core.staff list|add|remove [E-MAIL]`: run on the host, where the settings are."""

import asyncio
import sys

import stillroom_core.models  # noqa: F401 - registers every table
from stillroom_core.database import Database
from stillroom_core.errors import NotFound
from stillroom_core.staff import service


async def _main(act: str, email: str) -> int:
    database = Database.from_settings(pool_size=1)
    try:
        async with database.unscoped() as session:
            if act == "list":
                for member in await service.listing(session):
                    _say(f"{member.email}  {member.name}  since {member.since:%Y-%m-%d}")
                return 0
            try:
                changed = await {"add": service.add, "remove": service.remove}[act](session, email)
            except NotFound:
                _say(f"Nobody signs in as {email}. Invite them first, or check the spelling.")
                return 1
            words = {"add": ("is staff now", "is staff already"), "remove": ("is staff no more", "was not staff")}
            _say(f"{email} {words[act][0 if changed else 1]}.")
            return 0
    finally:
        await database.close()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["list"]:
            sys.exit(asyncio.run(_main("list", "")))
        case [("add" | "remove") as act, email]:
            sys.exit(asyncio.run(_main(act, email)))
        case _:
            sys.exit(__doc__)
