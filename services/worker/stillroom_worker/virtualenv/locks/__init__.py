"""One file per kind of lock: each turns a lock into exact lines of a requirements file."""
