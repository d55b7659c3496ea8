"""Documents that follow from the code are those that the code gives now; links in them lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
_LINK = re.compile(r"(?<!`)\[[^\]]+\]\(([^)#\s]+)(?:#[^)]*)?\)")


def test_generated_parts_are_what_the_code_gives() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_finds_it(page: Path) -> None:
    targets = [link for link in _LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in targets if not (page.parent / link).exists()] == []


def test_the_site_is_made_without_a_warning_and_no_link_in_it_leads_nowhere(tmp_path: Path) -> None:
    argv = [sys.executable, str(ROOT / "docs" / "site"), "--without-diagrams", "--out", str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    looked_at, dead = 0, []
    for page in tmp_path.rglob("*.html"):
        for link in re.findall(r'(?:href|src)="([^"#?]+)', page.read_text(encoding="utf-8")):
            looked_at += 1
            target = (page.parent / unquote(link)).resolve()
            if "://" not in link and not link.startswith(("mailto:", "data:")) and not target.exists():
                dead.append(f"{page.relative_to(tmp_path)}: {link}")
    assert looked_at > 1_000
    assert [link for link in dead if not link.endswith("mermaid.min.js")] == []
    assert (tmp_path / "safe-migrations" / "index.html").exists()


def test_decision_records_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_page_about_security_names_tests_that_exist_for_every_row() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    table = page.partition("## What is tried")[2]
    tests = "\n".join(path.read_text(encoding="utf-8") for path in _python_tests())
    named = set(re.findall(r"`(test_\w+)`", table))
    assert len(named) > 50
    assert {name for name in named if f"def {name}(" not in tests} == set()
    rows = [line.split(" | ") for line in table.splitlines() if re.match(r"\| (?:[SNGAKUTWQ—])", line)]
    assert [
        row[0] for row in rows if "`test_" not in row[3] and "whole as" not in row[3] and "`web/" not in row[3]
    ] == []
    in_the_web = set(re.findall(r"`(web/\S+)`", table))
    assert {path for path in in_the_web if not (ROOT / path).is_file()} == set()


def _python_tests() -> list[Path]:
    folders = [*(ROOT / "services").glob("*/tests"), ROOT / "tests"]
    return [path for folder in folders for path in folder.rglob("test_*.py")]


def test_no_file_keeps_the_marks_of_a_merge() -> None:
    marks = ["git", "grep", "-lE", "^(<{7}|>{7}) "]
    assert subprocess.run(marks, cwd=ROOT, capture_output=True, text=True, check=False).stdout == ""
