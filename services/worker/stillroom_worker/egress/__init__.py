"""The only way out of a job: a proxy to the one database, which signs in itself.

The job holds neither a password nor a route; it shows a token that is worth nothing elsewhere.
"""

from stillroom_worker.egress.failures import Failure
from stillroom_worker.egress.proxy import DatabaseProxy
from stillroom_worker.egress.target import EgressRefused, Target, Tunnel, address_refused

__all__ = ["DatabaseProxy", "EgressRefused", "Failure", "Target", "Tunnel", "address_refused"]
