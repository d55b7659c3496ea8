"""Shapes of passkeys; what browsers give and take has the names of Web Authentication's own JSON."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from stillroom_api.projects.schemas import Name
from stillroom_core.sessions.passwords import MAX_LENGTH

# base64url. A credential's id has at most 1023 bytes; an attestation with a chain of certificates has a few thousand.
_Id = Annotated[str, Field(min_length=1, max_length=1400)]
_Bytes = Annotated[str, Field(min_length=1, max_length=20_000)]
_Given = ConfigDict(extra="ignore")  # browsers add to it with every edition of the standard


class _Credential(BaseModel):
    model_config = _Given

    id: _Id
    rawId: _Id  # noqa: N815 - the standard's name
    type: Annotated[str, Field(max_length=20)] = "public-key"

    def as_answer(self) -> dict[str, Any]:
        """As the library takes it."""
        return self.model_dump(exclude_none=True)


class Assertion(BaseModel):
    """What a device signed."""

    model_config = _Given

    clientDataJSON: _Bytes  # noqa: N815
    authenticatorData: _Bytes  # noqa: N815
    signature: _Bytes
    userHandle: Annotated[str, Field(max_length=100)] | None = None  # noqa: N815


class PasskeyAnswer(_Credential):
    """The use of a passkey: `toJSON()` of what `navigator.credentials.get()` gave."""

    response: Assertion


class Attestation(BaseModel):
    """What a device made."""

    model_config = _Given

    clientDataJSON: _Bytes  # noqa: N815
    attestationObject: _Bytes  # noqa: N815
    transports: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=20)] = []


class PasskeyMade(_Credential):
    """A new passkey: `toJSON()` of what `navigator.credentials.create()` gave."""

    response: Attestation


class PasskeyOptions(BaseModel):
    """What the browser asks the device with; good once, for five minutes."""

    options: dict[str, Any] = Field(description="for `PublicKeyCredential.parse…OptionsFromJSON()`")


class PasskeySignIn(BaseModel):
    """A passkey in place of address and password."""

    credential: PasskeyAnswer


class PasskeyPassword(BaseModel):
    """The present password, for what a borrowed screen must not do."""

    model_config = ConfigDict(extra="forbid")

    current: Annotated[str, Field(min_length=1, max_length=MAX_LENGTH, json_schema_extra={"format": "password"})]


class PasskeyNew(BaseModel):
    """A new passkey and what its person calls it."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    credential: PasskeyMade


class PasskeyName(BaseModel):
    """Another name."""

    model_config = ConfigDict(extra="forbid")

    name: Name


class PasskeyRead(BaseModel):
    """A passkey of mine."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None
    backed_up: bool = Field(description="whether it is kept by more than one device")
    transports: list[str] = Field(description="how a browser reaches it: usb, nfc, ble, internal, hybrid")


class Passkeys(BaseModel):
    """My passkeys, the oldest first."""

    items: list[PasskeyRead]
