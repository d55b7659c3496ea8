"""Read a requirements file with everything that it includes, as one list of lines.

Includes are followed here and not by the tool: a file of a tenant may only include files of its own export
(`-r /etc/…` would print that file's lines in an error), and local packages have to be known for the cache.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from stillroom_worker.virtualenv.documents import inside, read_text
from stillroom_worker.virtualenv.failure import VirtualenvFailed
from stillroom_worker.virtualenv.model import Plan

_INCLUDE = re.compile(r"(?:-r|--requirement)(?:\s+|=)?(\S+)")
_CONSTRAINT = re.compile(r"(?:-c|--constraint)(?:\s+|=)?(\S+)")
_EDITABLE = re.compile(r"(?:-e|--editable)(?:\s+|=)?(.+)")
_INDEX = re.compile(r"(?:-i|--index-url|--extra-index-url|--pre|--prefer-binary|--trusted-host)\b.*")
_FIND_LINKS = re.compile(r"(?:-f|--find-links)(?:\s+|=)?(\S+)")
_PATH = re.compile(r"(?:file:(?://)?)?(\.{1,2}(?:/[^\s;\[]*)?|/[^\s;\[]+|[\w.-]+/[^\s;\[@]*)(?:\[[^\]]*\])?\s*(?:;.*)?")
_NAMED_FILE = re.compile(r"[\w.-]+(?:\[[^\]]*\])?\s*@\s*file:(?://)?(\S+)")
_PIN = re.compile(r"([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*==\s*([^\s;,*\\]+)")
_MOST_FILES = 50


@dataclass
class _Reader:
    export: Path
    lines: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    locals: dict[Path, tuple[str, ...]] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)

    def read(self, path: Path, *, constraint: bool = False) -> None:
        if path in self.files:
            return
        if len(self.files) >= _MOST_FILES:
            raise _refused(path.name, "It includes more than fifty files.")
        self.files.append(path)
        for line in _logical_lines(read_text(path)):
            self._line(line, path.parent, constraint=constraint)

    def _line(self, line: str, folder: Path, *, constraint: bool) -> None:
        if match := _INCLUDE.fullmatch(line):
            self.read(self._own_file(folder, match[1]), constraint=constraint)
        elif match := _CONSTRAINT.fullmatch(line):
            self.read(self._own_file(folder, match[1]), constraint=True)
        elif match := _FIND_LINKS.fullmatch(line):
            place = match[1] if "://" in match[1] else str(self._own(folder, match[1]))
            self.options.append(f"--find-links {place}")
        elif _INDEX.fullmatch(line):
            self.options.append(line)
        elif line.startswith("-") and not (match := _EDITABLE.fullmatch(line)):
            return  # options that only pip knows (--no-binary and the like) do not change what is needed
        else:
            wanted = match[1].strip() if (match := _EDITABLE.fullmatch(line)) else line
            if local := _local_path(wanted):
                extras = re.findall(r"\[([^\]]*)\]", wanted)[:1]
                names = tuple(name.strip() for text in extras for name in text.split(",") if name.strip())
                self.locals[self._own(folder, local)] = names
            else:
                (self.constraints if constraint else self.lines).append(wanted)

    def _own(self, folder: Path, name: str) -> Path:
        path = inside(self.export, folder / name)
        if path is None or not path.exists():
            raise _refused(name, "It is not in the repository.")
        return path

    def _own_file(self, folder: Path, name: str) -> Path:
        path = self._own(folder, name)
        if not path.is_file():
            raise _refused(name, "It is not a file.")
        return path


def read_requirements(export: Path, path: Path) -> Plan:
    """Plan the installation of a requirements file. Raises VirtualenvFailed(lock_unsupported)."""
    reader = _Reader(export)
    reader.read(path)
    return Plan(
        lines=tuple(reader.lines),
        constraints=tuple(reader.constraints),
        options=tuple(reader.options),
        locals=tuple(reader.locals),
        extras_of=reader.locals,
        files=tuple(reader.files),
        pins=pins_of([*reader.lines, *reader.constraints]),
    )


def pins_of(lines: list[str]) -> dict[str, str]:
    """Give the exact versions that lines name."""
    return {match[1].lower().replace("_", "-"): match[2] for line in lines if (match := _PIN.match(line))}


def _logical_lines(text: str) -> list[str]:
    joined = re.sub(r"\\\r?\n", " ", text)
    lines = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in joined.splitlines())
    return [line for line in lines if line]


def _local_path(line: str) -> str | None:
    if match := _NAMED_FILE.fullmatch(line):
        return match[1]
    if "://" in line and not line.startswith("file:"):
        return None
    match = _PATH.fullmatch(line)
    return match[1] if match else None


def _refused(name: str, why: str) -> VirtualenvFailed:
    return VirtualenvFailed(
        "lock_unsupported",
        "The requirements file cannot be used",
        f"{name[:200]}: {why}",
        "A requirements file includes only files of the same repository.",
    )
