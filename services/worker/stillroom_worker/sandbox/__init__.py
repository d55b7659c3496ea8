"""Where tenants' programs run: the levels of isolation, their self-test, and starting a cell.

The only room that changes when jobs move into a pod or a micro-VM.
"""

from stillroom_worker.sandbox.cell import Cell, CellFailed, Endpoint, Level, Limits, SandboxUnavailable
from stillroom_worker.sandbox.launch import start
from stillroom_worker.sandbox.layout import address
from stillroom_worker.sandbox.prisoner import Prisoner
from stillroom_worker.sandbox.selftest import Finding, choose_level, examine

__all__ = [
    "Cell",
    "CellFailed",
    "Endpoint",
    "Finding",
    "Level",
    "Limits",
    "Prisoner",
    "SandboxUnavailable",
    "address",
    "choose_level",
    "examine",
    "start",
]
