"""The table of passkeys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Keyed, Table


class Passkey(Keyed, Table):
    """The public half of a passkey: the private one never leaves the person's device or password manager."""

    __tablename__ = "passkeys"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)  # WebAuthn §4: at most 1023 bytes
    public_key: Mapped[bytes] = mapped_column(LargeBinary)  # COSE_Key, as the device gave it
    # How often the device says it was used; many always say 0. One that goes back may be a copy.
    sign_count: Mapped[int] = mapped_column(BigInteger)
    transports: Mapped[list[str]]  # how a browser reaches it: usb, nfc, ble, internal, hybrid
    backed_up: Mapped[bool]  # kept by more than one device
    last_used_at: Mapped[datetime | None]
