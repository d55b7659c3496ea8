"""What deploy/ promises about compose and the images, read from the files; test-containers runs them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = ROOT / "deploy" / "compose"
IMAGES = sorted((ROOT / "deploy" / "images").glob("*.Dockerfile"))


class Loader(yaml.SafeLoader):
    """Knows the tags that compose adds."""


Loader.add_constructor("!reset", lambda loader, node: None)


def services() -> dict[str, Any]:
    content = yaml.load((COMPOSE / "compose.yaml").read_text(), Loader)  # noqa: S506  a SafeLoader
    found: dict[str, Any] = content["services"]
    return found


def test_every_variable_of_the_compose_file_is_explained() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", "".join(p.read_text() for p in COMPOSE.glob("*.yaml"))))
    explained = (COMPOSE / ".env.example").read_text() + (COMPOSE / "tls.yaml").read_text()
    not_for_people = {"API_IMAGE", "WORKER_IMAGE", "WEB_IMAGE", "BUILD_NETWORK", "WATCHFILES_FORCE_POLLING"}
    not_for_people |= {"STILLROOM_EXTRA_HOSTS", "STILLROOM_LEASE_S", "STILLROOM_LOG_FORMAT", "FORWARDED_ALLOW_IPS"}
    not_for_people |= {"HTTP_PROXY", "NO_PROXY"}
    assert {name for name in used - not_for_people if name not in explained} == set()


def test_every_setting_of_the_service_can_be_given_or_is_settled_by_the_containers() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    settings = set(re.findall(r"^\| `([A-Z_]+)` \|", page.split("<!-- end -->")[0], re.M))
    assert len(settings) > 25
    given = {name for service in services().values() for name in service.get("environment") or {}}
    # Made at the first start or read from .env into the folder of secrets; the pages are nginx's.
    settled = {
        "DATABASE_URL",
        "DATABASE_REPLICA_URL",
        "STILLROOM_SECRET_KEY",
        "STILLROOM_SEALING_KEYS",
        "STILLROOM_WEB_DIR",
    }
    assert settings - given == settled


def test_what_people_write_into_env_reaches_the_service_it_is_meant_for() -> None:
    found = services()
    assert "POSTGRES_USER" in found["postgres"]["environment"] and "POSTGRES_DB" in found["postgres"]["environment"]
    assert "POSTGRES_PASSWORD" in found["secrets"]["environment"]
    assert {"ALEMBIC_CONFIG_PATH", "DATABASE_URL_OF_PROJECT"} <= found["prepare"]["environment"].keys()
    assert "VITE_API_URL" in found["web"]["build"]["args"]


def test_what_is_said_of_mail_and_accounts_reaches_who_sends_letters_and_who_opens_accounts() -> None:
    found = services()
    assert "STILLROOM_SMTP_URL" in found["secrets"]["environment"]
    for name in ("api", "scheduler"):
        given = found[name]["environment"].keys()
        assert {"STILLROOM_SIGN_UP", "STILLROOM_ORGANIZATIONS", "STILLROOM_MAIL_FROM", "STILLROOM_RATE_LIMITS"} <= given
        assert any(volume.startswith("secrets-service:") for volume in found[name]["volumes"])


def test_a_secret_is_given_to_no_process_by_its_environment_or_arguments() -> None:
    for name, service in services().items():
        # The first two are where people's own .env comes in; both end before the service starts.
        if name not in ("secrets", "prepare"):
            text = json.dumps([service.get("environment"), service.get("command"), service.get("healthcheck")])
            assert not re.search(r"\$\{(DATABASE_URL|REDIS_URL|STILLROOM_SMTP_URL|\w*PASSWORD|\w*KEYS?)\b", text), name


def test_our_services_have_no_capability_and_a_root_that_cannot_be_written() -> None:
    ours = {n: s for n, s in services().items() if "stillroom-" in s["image"]}
    assert set(ours) == {"secrets", "prepare", "api", "worker", "scheduler", "reader", "web"}
    for service in ours.values():
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"]


def test_published_ports_are_for_this_machine_unless_somebody_says_otherwise() -> None:
    ports = [port for service in services().values() for port in service.get("ports", [])]
    assert len(ports) == 2 and all(port.startswith("${STILLROOM_BIND:-127.0.0.1}:") for port in ports)


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.name)
def test_an_image_takes_its_base_by_argument_has_no_root_and_says_whether_it_is_well(path: Path) -> None:
    text = path.read_text()
    assert all(re.fullmatch(r"FROM \$\{[A-Z_]+\}( AS \w+)?", line) for line in re.findall(r"^FROM.*", text, re.M))
    assert re.findall(r"^USER (.*)", text, re.M) == ["10001:10001"]
    assert text.rindex("USER ") > text.rindex("RUN ")
    assert "HEALTHCHECK" in text and not text.startswith("# syntax")


def test_the_python_images_install_exactly_the_lock_with_the_uv_that_setup_uses() -> None:
    version = re.search(r'UV_VERSION = "(.*)"', (ROOT / "tools" / "setup.py").read_text())
    assert version is not None
    for path in IMAGES:
        text = path.read_text()
        if "uv sync" in text:
            assert set(re.findall(r"UV_VERSION=(\S+)", text)) == {version.group(1)}
            assert all("--frozen --no-dev" in line for line in text.splitlines() if "uv sync" in line)


def test_the_image_of_workers_readers_and_the_scheduler_has_the_programs_that_they_call() -> None:
    text = (ROOT / "deploy" / "images" / "worker.Dockerfile").read_text()
    (installed,) = re.findall(r"apt-get install (.*)", text)
    assert {"git", "openssh-client", "bubblewrap"} <= set(installed.split())
    for name in ("worker", "scheduler", "reader"):
        assert services()[name]["build"]["dockerfile"] == "deploy/images/worker.Dockerfile"


def test_certificates_stand_where_addresses_name_them_in_every_process_that_reads_settings() -> None:
    given = yaml.load((COMPOSE / "certificates.yaml").read_text(), Loader)["services"]  # noqa: S506  a SafeLoader
    reading = {name for name, s in services().items() if "STILLROOM_SECRETS_DIR" in (s.get("environment") or {})}
    assert set(given) == reading
    for service in given.values():
        (volume,) = service["volumes"]
        assert volume.endswith("}:/run/stillroom/certificates:ro")
