"""The command of projects whose env.py needs more than Alembic, guessed from their files."""

import re

from stillroom_core.revisions.source import Tree, read_limited

_BYTES = 256 * 1024
_FLASK_APP = re.compile(r"^\s*(?:export\s+)?FLASK_APP\s*=\s*[\"']?([\w./:()]+)", re.MULTILINE)
_NAMES = ("wsgi.py", "app.py", "main.py", "manage.py", "run.py", "application.py")


def flask_command(tree: Tree) -> list[str]:
    """`flask db upgrade` with the application as far as the project's files name one."""
    app = _flask_app(tree)
    return ["flask", *(["--app", app] if app else []), "db", "upgrade", "{{revision}}"]


def _flask_app(tree: Tree) -> str | None:
    for name in (".flaskenv", ".env.example", "Dockerfile", "docker-compose.yml", "Makefile"):
        if found := _FLASK_APP.search((read_limited(tree.cwd / name, _BYTES) or b"").decode(errors="replace")):
            return found.group(1)
    if any((tree.cwd / name).is_file() for name in ("wsgi.py", "app.py")):
        return None  # flask finds these by itself
    for name in _NAMES:
        if b"Flask(" in (read_limited(tree.cwd / name, _BYTES) or b"") or b"create_app(" in (
            read_limited(tree.cwd / name, _BYTES) or b""
        ):
            return name.removesuffix(".py")
    for package in sorted(path for path in tree.cwd.iterdir() if path.is_dir() and not path.is_symlink()):
        content = read_limited(package / "__init__.py", _BYTES) or b""
        if b"def create_app(" in content or b"Flask(__name__" in content:
            return package.name
    return None
