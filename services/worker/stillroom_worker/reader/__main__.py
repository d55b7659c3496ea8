"""`python -m stillroom_worker.reader`: listens for the api's questions until it is told to stop."""

import uvicorn

from stillroom_core.logs import configure_logs
from stillroom_core.memory import keep_for_good
from stillroom_core.settings import get_settings
from stillroom_worker.reader.app import create_app

settings = get_settings()
configure_logs(settings, "reader")
host, _, port = settings.reader_bind.rpartition(":")
app = create_app(settings)
keep_for_good()
uvicorn.run(
    app,
    host=host.strip("[]"),
    port=int(port),
    log_config=None,
    access_log=False,
    server_header=False,
    timeout_graceful_shutdown=3,
)
