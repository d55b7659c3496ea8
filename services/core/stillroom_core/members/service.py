"""What people change about themselves."""

from collections.abc import Mapping
from typing import Any

from stillroom_core.members.models import User


def change_person(person: User, changes: Mapping[str, Any]) -> None:
    """Applies the given fields; a language of None means: take the browser's."""
    for name, value in changes.items():
        if value is not None or name == "locale":
            setattr(person, name, value)
