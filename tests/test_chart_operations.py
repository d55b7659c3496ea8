"""What docs/operations.md has people do on a cluster can be done with the chart."""

import json
import re
from pathlib import Path

import pytest

from stillroom_core.settings import Settings
from stillroom_testing.chart import (
    CHART,
    helm,
    of_kind,
    on_a_cluster,
    pod,
    pods,
    render,
    secret,
    variables,
)

ROOT = CHART.parents[2]
PROCESSES = ("api", "scheduler", "reader", "worker-default")
KEPT = {
    "STILLROOM_SECRET_KEY": "k" * 64,
    "STILLROOM_SEALING_KEYS": "k1:b25l,k2:dHdv",
    "STILLROOM_SERVICE_PASSWORD": "of-the-service",
    "REDIS_PASSWORD": "of-valkey",
}
# Given by a value of its own, by values and what the chart makes of them; the last ones are the chart's own business.
BY_VALUES = {
    "STILLROOM_PUBLIC_URL": {"publicUrl": "https://given.example.com"},
    "STILLROOM_EXTRA_HOSTS": {"extraHosts": ["given"]},
    "STILLROOM_MAIL_FROM": {"mail": {"from": "given@example.com"}},
    "STILLROOM_SIGN_UP": {"accounts": {"signUp": "open"}},
    "STILLROOM_ORGANIZATIONS": {"accounts": {"organizations": "nobody"}},
    "STILLROOM_SANDBOX": {"workerDefaults": {"sandbox": {"level": "bare"}}},
    "STILLROOM_DRAIN_S": {"workerDefaults": {"graceSeconds": 4711}},
}
BY_SECRETS = {
    "DATABASE_URL": {"databaseUrl": "postgresql://given:p@h/d"},
    "STILLROOM_OWNER_DATABASE_URL": {"ownerDatabaseUrl": "postgresql://given:p@h/d"},
    "DATABASE_REPLICA_URL": {"databaseReplicaUrl": "postgresql://given:p@h/d"},
    "REDIS_URL": {"redisUrl": "rediss://given:p@h/0"},
    "BROKER_URL": {"brokerUrl": "amqps://given:p@h/v"},
    "STILLROOM_SMTP_URL": {"smtpUrl": "smtps://given:p@h"},
}
MADE = {"STILLROOM_SECRET_KEY", "STILLROOM_SEALING_KEYS"}
SETTLED = {
    "STILLROOM_DATA_DIR",  # a volume
    "STILLROOM_OPERATOR_BIND",
    "STILLROOM_READER_URL",
    "STILLROOM_READER_BIND",
    "STILLROOM_WEB_DIR",  # nginx has the pages
}


def names() -> set[str]:
    return {str(field.alias) for field in Settings.model_fields.values()}


def test_every_setting_of_the_service_can_be_given_or_is_settled_by_the_chart() -> None:
    owned = {*BY_VALUES, *BY_SECRETS, *MADE, *SETTLED}
    assert owned <= names()
    free = {name: f"given-{name}" for name in names() - owned}
    assert len(free) > 10
    manifests = render({"settings": free})
    for process in PROCESSES:
        given = variables(manifests, process)
        assert free.items() <= given.items(), process
        assert given["STILLROOM_SECRETS_DIR"] == "/run/stillroom/service"
    assert set(secret(manifests, "stillroom")) >= MADE


@pytest.mark.parametrize("name", sorted(BY_VALUES))
def test_a_setting_with_a_value_of_its_own_is_what_that_value_says(name: str) -> None:
    plain, changed = (variables(render(values), "worker-default")[name] for values in ({}, BY_VALUES[name]))
    assert plain != changed
    with pytest.raises(helm.HelmError, match=f"settings.{name} has a value of its own"):
        render({"settings": {name: "x"}})


@pytest.mark.parametrize("name", sorted(BY_SECRETS))
def test_an_address_is_taken_into_a_file_and_nowhere_else(name: str) -> None:
    manifests = render({"secrets": BY_SECRETS[name]})
    (address,) = BY_SECRETS[name].values()
    of = "owner" if "OWNER" in name else "addresses"
    assert secret(manifests, f"stillroom-{of}")[name] == address
    assert address not in json.dumps([one for one in manifests if one["kind"] != "Secret"])


@pytest.mark.parametrize(
    "name",
    [
        "UV_DEFAULT_INDEX",
        "PIP_INDEX_URL",
        "HTTPS_PROXY",
        "no_proxy",
        "GIT_SSL_CAINFO",
        "SSL_CERT_FILE",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_TRACES_SAMPLER",
    ],
)
def test_what_else_our_processes_read_from_their_environment_can_be_given(name: str) -> None:
    manifests = render({"settings": {name: "given"}})
    assert [variables(manifests, process)[name] for process in PROCESSES] == ["given"] * len(PROCESSES)


def test_variables_that_hold_secrets_come_from_a_secret_of_the_operators() -> None:
    manifests = render({"settingsSecret": "ours"})
    for process in PROCESSES:
        assert pod(manifests, process)["containers"][0]["envFrom"] == [{"secretRef": {"name": "ours"}}]


def test_certificates_stand_where_addresses_name_them_in_every_process_and_the_migrations() -> None:
    manifests = render({"certificates": {"secret": "ours"}})
    found = [pod(manifests, name) for name in (*PROCESSES, "migrations")]
    for spec in found:
        assert {"name": "certificates", "secret": {"secretName": "ours", "defaultMode": 288}} in spec["volumes"]
        for container in [*spec["containers"], *spec.get("initContainers", [])]:
            places = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
            assert places["certificates"] == "/run/stillroom/certificates"


def test_the_keys_are_made_once_and_no_later_release_writes_them(tmp_path: Path) -> None:
    first = render({})
    assert set(secret(first, "stillroom")) == set(KEPT)
    later = render({}, upgrade=True, chart=on_a_cluster(tmp_path, {"stillroom": KEPT}))
    written = {one["metadata"]["name"]: one["stringData"] for one in of_kind(later, "Secret")}
    assert "stillroom" not in written
    assert "of-the-service@" in written["stillroom-addresses"]["DATABASE_URL"]
    assert "requirepass of-valkey\n" in written["stillroom-addresses"]["valkey.conf"]
    for process in PROCESSES:
        (volume,) = [v for v in pod(later, process)["volumes"] if v["name"] == "secrets"]
        keys, addresses = (source["secret"] for source in volume["projected"]["sources"])
        assert (keys["name"], {item["key"] for item in keys["items"]}) == ("stillroom", MADE)
        assert addresses == {"name": "stillroom-addresses"}


def test_an_upgrade_without_a_kept_key_is_refused_instead_of_making_another_one(tmp_path: Path) -> None:
    kept = {name: value for name, value in KEPT.items() if name != "STILLROOM_SEALING_KEYS"}
    with pytest.raises(helm.HelmError, match="lacks STILLROOM_SEALING_KEYS: put it back"):
        render({}, upgrade=True, chart=on_a_cluster(tmp_path, {"stillroom": kept}))


def test_pods_are_replaced_by_an_upgrade_after_a_key_or_an_address_has_changed_and_by_no_other(tmp_path: Path) -> None:
    rotated = {**KEPT, "STILLROOM_SEALING_KEYS": "k2:dHdv"}
    mail = {"secrets": {"smtpUrl": "smtp://u:p@mail.example.com:587"}}
    marks = []
    for number, (kept, values) in enumerate(((KEPT, {}), (KEPT, {}), (rotated, {}), (KEPT, mail))):
        manifests = render(values, upgrade=True, chart=on_a_cluster(tmp_path / str(number), {"stillroom": kept}))
        marked = [one["metadata"]["annotations"] for one in pods(manifests) if one["metadata"].get("annotations")]
        assert len(marked) == len(PROCESSES)
        (mark,) = {annotations["stillroom/secrets"] for annotations in marked}
        marks.append(mark)
    assert marks[0] == marks[1]
    assert len(set(marks)) == 3


def test_keda_signs_in_at_an_external_valkey_with_its_own_password_and_over_tls() -> None:
    keda = {"workerDefaults": {"keda": {"enabled": True, "redisAddress": "h:6380"}}}
    manifests = render({"secrets": {"redisUrl": "rediss://:its-own@h:6380/0"}, "valkey": {"bundled": False}, **keda})
    assert secret(manifests, "stillroom-addresses")["REDIS_PASSWORD"] == "its-own"
    (scaled,) = of_kind(manifests, "ScaledObject")
    assert scaled["spec"]["triggers"][0]["metadata"]["enableTLS"] == "true"
    (signs_in,) = of_kind(manifests, "TriggerAuthentication")
    assert signs_in["spec"]["secretTargetRef"][0]["name"] == "stillroom-addresses"


def test_every_value_that_the_operations_page_names_is_one() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    schema = json.loads((CHART / "values.schema.json").read_text())
    named = {
        text
        for text in re.findall(r"`([a-zA-Z]+(?:\.[a-zA-Z]+)+)(?:: [^`]*)?`", page)
        if text.partition(".")[0] in schema["properties"]
    }
    assert len(named) >= 8
    for text in named:
        at = schema
        for word in text.split("."):
            assert word in at["properties"], text
            at = at["properties"][word]


def test_the_pods_that_the_operations_page_names_are_there() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    manifests = render({}, upgrade=True)
    there = {f"{one['kind'].lower()}/{one['metadata']['name']}" for one in manifests}
    named = set(re.findall(r"\b(?:deploy|deployment|statefulset|secret|job)/stillroom[a-z-]*", page))
    assert len(named) >= 3
    assert {text.replace("deploy/", "deployment/") for text in named} <= there
