"""Says every secret that it was given in every way, forges its own success, and fails."""

import base64
import json
import os
import stat
import sys
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
from alembic import op

revision = "0002"
down_revision = "0001"

FILE = Path(os.environ["STILLROOM_FILES"], "etc/settings.json").read_text()
SECRETS = [os.environ["API_KEY"], os.environ["PGPASSWORD"], FILE, json.loads(FILE)["api_token"]]
FORGED = [{"type": "heads", "t": 1.0, "context": 1, "heads": ["0002"]}, {"type": "done", "t": 2.0, "ok": True}]


def spelled(secret):
    raw = secret.encode()
    yield from (secret, quote(secret, safe=""), quote(secret), raw.hex(), json.dumps(secret), repr(secret))
    yield json.dumps({"inner": json.dumps({"secret": secret})})
    for before in ("", "a", "ab"):
        yield base64.b64encode(before.encode() + raw).decode()
        yield base64.urlsafe_b64encode(before.encode() + raw + b"?").decode()


def upgrade():
    for number, secret in enumerate(SECRETS):
        for text in spelled(secret):
            print("out", text, flush=True)
            print("err", text, file=sys.stderr, flush=True)
            one_line = text.replace("\n", " ")
            op.get_bind().exec_driver_sql("select 1 /* " + one_line.replace("*/", "").replace("%", "%%") + " */")
        for at in range(16_384 - len(secret), 16_384, 3):
            print("x" * at + secret + "x" * 300, flush=True)
        for at in range(1, len(secret), 5):
            sys.stdout.write(secret[:at])
            sys.stdout.flush()
            time.sleep(0.005)
            print(secret[at:], flush=True)
        with psycopg.connect(os.environ["DATABASE_URL"].replace("+psycopg", ""), autocommit=True) as proof:
            proof.execute("insert into loot values (%s, %s)", (f"said {number}", secret))
    for event in FORGED:
        print(json.dumps(event), flush=True)
        for number in range(3, 64):  # one of them is the runner's own channel
            try:
                if stat.S_ISFIFO(os.fstat(number).st_mode):
                    os.write(number, json.dumps(event).encode() + b"\n")
            except OSError:
                pass
    print("postgresql://ann:" + "untold" + "-canary@db.example.com/shop", flush=True)
    try:
        op.execute("do $$ begin raise exception '%', '" + SECRETS[0].replace("'", "''") + "'; end $$")
    except Exception as error:
        raise RuntimeError(f"{error} {SECRETS!r} {quote(SECRETS[1], safe='')}") from error


def downgrade():
    pass
