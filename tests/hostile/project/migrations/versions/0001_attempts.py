"""Tries what a migration must not be able to do, and notes in its own database what it got.

An attempt returns what it got (anything that is true), or fails. Its name begins with the row of the list in
docs/security.md.
"""

import ctypes
import errno
import json
import os
import socket
import sys
from base64 import b64encode
from pathlib import Path

import psycopg
from alembic import op

revision = "0001"
down_revision = None

# What a thief would have found out by other means: where things stand outside.
OUTSIDE = json.loads(os.environ["OUTSIDE"])
libc = ctypes.CDLL(None, use_errno=True)
NUMBERS = {"x86_64": {"bpf": 321, "keyctl": 250}, "aarch64": {"bpf": 280, "keyctl": 219}}[os.uname().machine]


def s01_environment_of_other_processes():
    found = ""
    for pid in [entry for entry in os.listdir("/proc") if entry.isdigit()]:
        try:
            text = open(f"/proc/{pid}/environ").read()
        except OSError:
            continue
        if "STILLROOM_SECRET_KEY" in text or "REDIS_URL" in text:
            found += text
    return found


def s02_words_of_the_first_process():
    words = open("/proc/1/cmdline").read()
    return [part for part in (OUTSIDE["data"], "SECRET", "--ro-bind") if part in words]


def s03_files_of_the_worker():
    return reading(*OUTSIDE["files"], "/etc/shadow")


def s03_folders_of_others():
    """Names beside the way to what is its own: the way itself is no secret to it."""
    own = [__file__, sys.prefix, sys.base_prefix, os.environ.get("RUNNER", sys.modules["__main__"].__file__)]
    found = []
    for folder in OUTSIDE["folders"]:
        try:
            places = [os.path.join(folder, name) for name in os.listdir(folder)]
        except OSError:
            continue
        found += [place for place in places if not any(path.startswith(place + "/") for path in own)]
    return found


def s04_write_into_the_checkout_and_the_virtualenv():
    written = []
    for place in (__file__, Path(__file__).parent / "0009_more.py", Path(sys.prefix) / "harm", "/usr/harm"):
        try:
            with open(place, "a") as file:
                file.write("\n# harm")
            written.append(str(place))
        except OSError:
            pass
    return written


def s10_kernel():
    def unfiltered(call, *arguments):
        ctypes.set_errno(0)
        return not (call(*arguments) < 0 and ctypes.get_errno() in (errno.EPERM, errno.ENOSYS))

    return [
        name
        for name, done in {
            "unshare": unfiltered(libc.unshare, 0x10000000),
            "mount": unfiltered(libc.mount, b"none", b"/tmp", b"tmpfs", 0, None),
            "ptrace": unfiltered(libc.ptrace, 16, OUTSIDE["worker"], 0, 0),
            "bpf": unfiltered(libc.syscall, NUMBERS["bpf"], 0, None, 0),
            "io_uring": unfiltered(libc.syscall, 425, 1, None),
            "keyctl": unfiltered(libc.syscall, NUMBERS["keyctl"], 0, -3, 0),
        }.items()
        if done
    ]


def s10_sockets_of_other_families():
    made = []
    for family in (16, 17, 38, 40):
        try:
            socket.socket(family, socket.SOCK_RAW).close()
            made.append(family)
        except OSError as error:
            if error.errno not in (errno.EAFNOSUPPORT, errno.ESOCKTNOSUPPORT, errno.EPROTONOSUPPORT):
                made.append((family, error.errno))
    return made


def s10_signals_to_the_worker():
    os.kill(OUTSIDE["worker"], 0)
    return "it can be sent signals"


def n01_ports_of_this_machine():
    return [port for port in OUTSIDE["ports"] if reached(socket.AF_INET, ("127.0.0.1", port))]


def n01_other_machines():
    places = [("169.254.169.254", 80), ("1.1.1.1", 53), ("10.0.0.1", 443)]
    return [place for place in places if reached(socket.AF_INET, place)]


def n01_sockets_of_this_machine():
    return [name for name in OUTSIDE["sockets"] if reached(socket.AF_UNIX, name.replace("@", "\0"))]


def n01_names():
    return socket.getaddrinfo("example.com", 80)


def n02_another_user_and_database():
    place = psycopg.conninfo.conninfo_to_dict(os.environ["DATABASE_URL"].replace("+psycopg", ""))
    got = []
    for other in OUTSIDE["databases"]:
        given = place | {"dbname": other["database"], "user": other["user"], "connect_timeout": 5}
        with psycopg.connect(**given) as connection:
            who = connection.execute("select session_user, current_database()").fetchone()
        if who != (OUTSIDE["own"]["user"], OUTSIDE["own"]["database"]):
            got.append(who)
    return got


def n02_replication():
    place = psycopg.conninfo.conninfo_to_dict(os.environ["DATABASE_URL"].replace("+psycopg", ""))
    with psycopg.connect(**place, replication="database", autocommit=True) as connection:
        return connection.execute("IDENTIFY_SYSTEM").fetchone()


def k02_all_that_can_be_found():
    """Everything that is readable here; the test looks for the password in it."""
    found = [json.dumps(dict(os.environ))]
    for root in (os.environ["STILLROOM_FILES"], "/run", "/tmp", "/proc/self", "/proc/1", "/dev/shm"):
        for folder, _folders, files in os.walk(root):
            if folder.count("/") < 6:
                found += reading(*(os.path.join(folder, name) for name in files if name != "kmsg"))
    return found


def reading(*paths):
    found = []
    for path in paths:
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            continue
        try:
            found.append(os.read(handle, 200_000).decode(errors="replace"))
        except OSError:
            pass
        finally:
            os.close(handle)
    return found


def reached(family, address):
    try:
        with socket.socket(family, socket.SOCK_STREAM) as handle:
            handle.settimeout(2)
            handle.connect(address)
            return True
    except OSError:
        return False


def upgrade():
    op.execute("create table loot (attempt text, got text)")
    for name, attempt in list(globals().items()):
        if name[:1] in "snk" and name[1:3].isdigit():
            try:
                got = attempt() or None
            except Exception:
                got = None
            packed = None if got is None else b64encode(json.dumps(got, default=str).encode()).decode()
            op.get_bind().exec_driver_sql("insert into loot values (%s, %s)", (name, packed))


def downgrade():
    op.execute("drop table loot")
