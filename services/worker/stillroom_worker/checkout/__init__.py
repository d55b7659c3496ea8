"""The checkout room: fetch a ref into a mirror, export a commit, say who added which file."""

from stillroom_core.outbound.addresses import Network
from stillroom_worker.checkout.export import export
from stillroom_worker.checkout.failure import CheckoutFailed
from stillroom_worker.checkout.fetch import default_branch, fetch
from stillroom_worker.checkout.history import file_history
from stillroom_worker.checkout.limits import ExportLimits, FetchLimits
from stillroom_worker.checkout.push import NewCommit, push
from stillroom_worker.checkout.repository import (
    Credential,
    Dropped,
    Exported,
    FetchedCommit,
    FileCommit,
    Repository,
)

__all__ = [
    "CheckoutFailed",
    "Credential",
    "Dropped",
    "ExportLimits",
    "Exported",
    "FetchLimits",
    "FetchedCommit",
    "FileCommit",
    "Network",
    "NewCommit",
    "Repository",
    "default_branch",
    "export",
    "fetch",
    "file_history",
    "push",
]
