"""The scripts of docs/ci, run by a real shell with a command in stillroom's place that says how it was called."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from stillroom_cli.main import build_parser

CI = Path(__file__).resolve().parents[1] / "docs" / "ci"


def github() -> tuple[str, dict[str, str]]:
    action: dict[str, Any] = yaml.safe_load((CI / "github" / "action.yml").read_text())
    (step,) = action["runs"]["steps"]
    assert "${{" not in step["run"], "a value would become a part of the script"
    given = {"COMMAND": action["inputs"]["command"]["default"], "REVISION": action["inputs"]["revision"]["default"]}
    assert set(step["env"]) >= {
        "STILLROOM_URL",
        "STILLROOM_TOKEN",
        "STILLROOM_TRUST",
        "DATABASE",
        "JUNIT",
        "KEY",
        *given,
    }
    return step["run"], {**given, "DATABASE": "", "JUNIT": "", "KEY": "github-a/b-7-migrate-"}


def gitlab() -> tuple[str, dict[str, str]]:
    template: dict[str, Any] = yaml.safe_load((CI / "gitlab" / "stillroom.yml").read_text())[".stillroom"]
    (script,) = template["script"]
    return script, {**template["variables"], "CI_PROJECT_ID": "3", "CI_PIPELINE_ID": "7", "CI_JOB_NAME": "migrate"}


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    """A `stillroom` that prints its arguments, one a line, and ends as it is told to."""
    command = tmp_path / "stillroom"
    command.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\nexit "${ENDS:-0}"\n')
    command.chmod(0o755)
    return tmp_path


def run(script: str, env: dict[str, str], bin_folder: Path) -> tuple[list[str], int]:
    path = f"{bin_folder}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", script], env={**env, "PATH": path}, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.stderr == ""
    return done.stdout.splitlines(), done.returncode


GITHUB_END = ["--wait", "--idempotency-key", "github-a/b-7-migrate-"]
GITLAB_END = ["--junit", "stillroom.xml", "--idempotency-key", "gitlab-3-7-migrate", "--wait"]


@pytest.mark.parametrize(("template", "prefix", "end"), [(github, "", GITHUB_END), (gitlab, "STILLROOM_", GITLAB_END)])
def test_a_pipeline_calls_the_command_with_what_was_set(
    template: Any, prefix: str, end: list[str], bin_folder: Path, tmp_path: Path
) -> None:
    script, env = template()
    assert run(script, env, bin_folder) == (["upgrade", "head", *end], 0)
    assert run(script, {**env, f"{prefix}COMMAND": "check"}, bin_folder) == (["check", *end], 0)
    # What somebody names a thing is one argument, and never a command.
    hostile = f'x"; touch {tmp_path}/owned; $(touch {tmp_path}/owned)'
    given = {**env, f"{prefix}DATABASE": hostile, f"{prefix}REVISION": "-1"}
    assert run(script, given, bin_folder) == (["upgrade", "-1", "--database", hostile, *end], 0)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("template", [github, gitlab])
def test_how_the_job_ended_is_how_the_step_ends(template: Any, bin_folder: Path) -> None:
    script, env = template()
    for code in (1, 2, 3, 4):
        assert run(script, {**env, "ENDS": str(code)}, bin_folder)[1] == code


def test_github_gets_its_summary_and_the_report_that_was_asked_for(bin_folder: Path) -> None:
    script, env = github()
    called = run(script, {**env, "JUNIT": "a b.xml", "GITHUB_STEP_SUMMARY": "/sum mary"}, bin_folder)
    reports = ["--junit", "a b.xml", "--summary", "/sum mary"]
    assert called == (["upgrade", "head", *reports, *GITHUB_END], 0)


def test_gitlab_keeps_the_report_that_the_script_writes_also_of_a_job_that_failed() -> None:
    template = yaml.safe_load((CI / "gitlab" / "stillroom.yml").read_text())[".stillroom"]
    assert template["artifacts"] == {"when": "always", "reports": {"junit": "stillroom.xml"}}


@pytest.mark.parametrize("calls", [github, gitlab])
def test_the_command_understands_what_the_templates_say(calls: Any, bin_folder: Path) -> None:
    script, env = calls()
    words, _ = run(script, {**env, "GITHUB_STEP_SUMMARY": "/s"}, bin_folder)
    assert build_parser().parse_args(words).wait


def test_an_init_container_waits_at_the_gate_with_a_token_of_a_secret() -> None:
    pod = yaml.safe_load((CI / "kubernetes" / "init-container.yaml").read_text())["spec"]["template"]["spec"]
    (container,) = pod["initContainers"]
    name, *words = container["command"]
    arguments = build_parser().parse_args(words)
    assert (name, arguments.name, arguments.wait, arguments.timeout) == ("stillroom", "gate", True, 900)
    env = {one["name"]: one for one in container["env"]}
    assert set(env) == {"STILLROOM_URL", "STILLROOM_TOKEN"} and "secretKeyRef" in env["STILLROOM_TOKEN"]["valueFrom"]
