"""PostgreSQL and Valkey from PyPI wheels, for one machine: started, stopped, and never left behind.

    server = start_postgres(folder, password="…")       # → PostgresServer: .port .url() .stop()
    broker = start_valkey(folder, password="…")         # → ValkeyServer:   .port .url() .stop()

Both are children of the calling process and end with it, even when it is killed (on Linux by the
kernel's parent-death signal). Start them from the main thread.
"""

from stillroom_cli.embedded.postgres import THROWAWAY, PostgresServer, start_postgres
from stillroom_cli.embedded.processes import CannotStart
from stillroom_cli.embedded.valkey import ValkeyServer, start_valkey

__all__ = ["THROWAWAY", "CannotStart", "PostgresServer", "ValkeyServer", "start_postgres", "start_valkey"]
