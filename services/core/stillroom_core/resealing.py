"""Seals every stored secret with the newest key, so that an older one can be let go of.

    python -m stillroom_core.resealing            # reseals, then says what is left under which key
    python -m stillroom_core.resealing --check    # only says it

In batches that are committed one by one: started again it goes on with what is left. Jobs and people may be at work:
a value is replaced only where it is still the one that was opened, and opens with either key at every moment.
"""

import argparse
import asyncio
import base64
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from stillroom_core.accounts.second_factor import totp_address
from stillroom_core.audit.service import Subject, write_found
from stillroom_core.database import Database as OwnDatabase
from stillroom_core.database import Session
from stillroom_core.databases.client_certificate import client_key_address
from stillroom_core.databases.models import Database
from stillroom_core.databases.service import password_address
from stillroom_core.environments.models import Environment
from stillroom_core.environments.service import environment_address, mark_of
from stillroom_core.environments.tunnel import tunnel_address
from stillroom_core.errors import Unavailable
from stillroom_core.mail.models import Mail
from stillroom_core.masking import keeping_secrets
from stillroom_core.members.models import User
from stillroom_core.organizations.models import Organization
from stillroom_core.projects.hooks import hook_address
from stillroom_core.projects.models import Project
from stillroom_core.projects.service import credential_address
from stillroom_core.providers.models import IdentityProvider
from stillroom_core.providers.service import provider_address
from stillroom_core.sealing import Address, key_of, newest_key, seal, unseal
from stillroom_core.setups.models import Setup
from stillroom_core.setups.service import setup_address
from stillroom_core.setups.tunnel import setup_tunnel_address
from stillroom_core.webhooks.models import Webhook

_BATCH = 200


@dataclass(frozen=True)
class Place:
    """A column that holds one sealed value."""

    model: Any
    column: str
    address: Callable[[Any], Address]


# A test compares them with the columns that there are.
PLACES = (
    Place(Database, "password_sealed", password_address),
    Place(Database, "client_key_sealed", client_key_address),
    Place(Environment, "tunnel_key_sealed", tunnel_address),
    Place(Project, "credential_sealed", credential_address),
    Place(Project, "hook_sealed", hook_address),
    Place(Setup, "credential_sealed", lambda row: setup_address(row, "git_credential")),
    Place(Setup, "password_sealed", lambda row: setup_address(row, "password")),
    Place(Setup, "client_key_sealed", lambda row: setup_address(row, "client_key")),
    Place(Setup, "tunnel_key_sealed", setup_tunnel_address),
    Place(User, "totp_sealed", totp_address),
    Place(Mail, "text_sealed", lambda row: row.address),
    Place(Webhook, "url_sealed", lambda row: row.address("url")),
    Place(Webhook, "secret_sealed", lambda row: row.address("secret")),
    Place(IdentityProvider, "client_secret_sealed", provider_address),
)
# And lists of entries of which some are sealed, with what names an entry.
LISTS = (("variables", "variable", "name"), ("files", "file", "path"))


@dataclass
class Resealed:
    """What was done and what is left: counts by key, and places whose value does not open."""

    resealed: int = 0
    by_key: Counter[str] = field(default_factory=Counter)
    unopened: list[str] = field(default_factory=list)

    @property
    def remaining(self) -> dict[str, int]:
        """How many values stand under a key other than the newest."""
        newest = newest_key()
        return {key: count for key, count in sorted(self.by_key.items()) if key != newest and count}


async def count_sealed(database: OwnDatabase) -> Resealed:
    """Which keys hold how many values now."""
    found = Resealed()
    async for _model, rows in _walk(database):
        for row in rows:
            for _name, sealed, _address in _sealed_in(row):
                found.by_key[key_of(sealed)] += 1
    return found


async def reseal(database: OwnDatabase) -> Resealed:
    """Seals what is under an older key with the newest one. An entry in the audit log of each organization says so."""
    done = Resealed()
    by_organization: Counter[UUID] = Counter()
    async for model, rows in _walk(database):
        async with database.everything() as session:
            for row in rows:
                if count := await _reseal_row(session, model, row, done):
                    done.resealed += count
                    if (organization := getattr(row, "organization_id", None)) is not None:
                        by_organization[organization] += count
    await _tell(database, by_organization)
    left = await count_sealed(database)
    left.resealed, left.unopened = done.resealed, done.unopened
    return left


async def _walk(database: OwnDatabase) -> Any:
    """Every row that may hold something sealed, a batch at a time, by key."""
    for model in dict.fromkeys([*(place.model for place in PLACES), Environment]):
        after: UUID | None = None
        while True:
            async with database.everything() as session:
                wanted = select(model).order_by(model.id).limit(_BATCH)
                rows = list((await session.scalars(wanted if after is None else wanted.where(model.id > after))).all())
                session.expunge_all()
            if not rows:
                break
            after = rows[-1].id
            yield model, rows


def _sealed_in(row: Any) -> Iterator[tuple[str, bytes, Address]]:
    for place in PLACES:
        if isinstance(row, place.model) and (sealed := getattr(row, place.column)) is not None:
            yield place.column, sealed, place.address(row)
    if isinstance(row, Environment):
        for column, kind, key in LISTS:
            for entry in getattr(row, column) or []:
                if "sealed" in entry:
                    name = f"{kind}:{entry[key]}"
                    yield name, base64.b64decode(entry["sealed"]), environment_address(row, name)


async def _reseal_row(session: Session, model: Any, row: Any, done: Resealed) -> int:
    fresh: dict[str, bytes] = {}
    for name, sealed, address in _sealed_in(row):
        if key_of(sealed) == newest_key():
            continue
        try:
            with keeping_secrets():
                fresh[name] = seal(address, unseal(address, sealed))
        except Unavailable as cause:
            done.unopened.append(f"{model.__tablename__} {row.id} {name}: {cause.code}")
    columns = {name: value for name, value in fresh.items() if hasattr(model, name)}
    count = 0
    for column, value in columns.items():
        count += await _replace(session, model, row, column, value)
    if isinstance(row, Environment):
        for column, kind, key in LISTS:
            entries = [_fresh_entry(entry, fresh.get(f"{kind}:{entry[key]}")) for entry in getattr(row, column) or []]
            if entries != (getattr(row, column) or []) and await _replace(session, model, row, column, entries):
                count += sum(name.startswith(f"{kind}:") for name in fresh)
    return count


def _fresh_entry(entry: dict[str, Any], sealed: bytes | None) -> dict[str, Any]:
    """The same secret under another key: plans that were made with it hold on."""
    if sealed is None:
        return entry
    return {**entry, "sealed": base64.b64encode(sealed).decode(), "mark": mark_of(entry)}


async def _replace(session: Session, model: Any, row: Any, column: str, value: Any) -> int:
    """Only over the very value that was opened: somebody may have entered another one meanwhile."""
    stands = getattr(model, column) == getattr(row, column)
    replaced = await session.execute(
        update(model).where(model.id == row.id, stands).values({column: value}).returning(model.id)
    )
    return int(replaced.scalar_one_or_none() is not None)


async def _tell(database: OwnDatabase, by_organization: Counter[UUID]) -> None:
    for organization_id, count in sorted(by_organization.items()):
        async with database.transaction(organization_id) as session:
            organization = await session.get_one(Organization, organization_id)
            subject = Subject(kind="organization", id=str(organization_id), name=organization.name)
            after = {"under": newest_key(), "values": count}
            await write_found(session, organization_id, "organization.reseal", subject, {}, after)


async def _main(*, check: bool) -> int:
    database = OwnDatabase.from_settings(pool_size=1)
    try:
        found = await (count_sealed(database) if check else reseal(database))
    finally:
        await database.close()
    told = {
        "key": newest_key(),
        "sealed": sum(found.by_key.values()),
        "resealed": found.resealed,
        "remaining": found.remaining,
        "unopened": found.unopened,
    }
    sys.stdout.write(json.dumps(told, indent=2) + "\n")
    return 1 if found.remaining else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m stillroom_core.resealing", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, only say what is left under which key")
    sys.exit(asyncio.run(_main(check=parser.parse_args().check)))
