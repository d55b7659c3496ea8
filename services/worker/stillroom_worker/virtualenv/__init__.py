"""The virtualenv room: find what a project needs, install it from its lock, keep it by digest."""

from stillroom_worker.virtualenv.cache import hold, prune
from stillroom_worker.virtualenv.confine import Confinement
from stillroom_worker.virtualenv.ensure import ensure
from stillroom_worker.virtualenv.failure import VirtualenvFailed
from stillroom_worker.virtualenv.model import Requirements, Virtualenv

__all__ = ["Confinement", "Requirements", "Virtualenv", "VirtualenvFailed", "ensure", "hold", "prune"]
