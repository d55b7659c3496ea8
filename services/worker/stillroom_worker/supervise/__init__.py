"""Watches one process of a tenant from its start to the proof that it is gone."""

from stillroom_worker.supervise.account import Account
from stillroom_worker.supervise.supervisor import Ending, Reason, Supervisor

__all__ = ["Account", "Ending", "Reason", "Supervisor"]
