"""deploy/helm: linted, rendered for every example, and each manifest checked against Kubernetes' own schemas."""

import json
from ipaddress import ip_network

import pytest

from stillroom_testing.chart import (
    CHART,
    EXAMPLES,
    Manifest,
    component,
    helm,
    of_kind,
    pod,
    pods,
    render,
    secret,
    variables,
)

VERSIONS = ("1.30", "1.37")  # the oldest that Chart.yaml allows, and the newest with schemas here

kubernetes = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is missing: `make setup-charts`")


@pytest.fixture(scope="module", params=EXAMPLES)
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    return render(EXAMPLES[request.param])


def test_the_linter_finds_no_fault() -> None:
    found = helm.lint(str(CHART))
    assert found["errors"] == []
    assert [m["error"] for m in found["messages"] if m["severity"] > 1] == []


def test_there_are_six_sets_of_values_and_the_defaults() -> None:
    assert len(EXAMPLES) >= 7


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_what_kubernetes_accepts(manifests: list[Manifest], version: str) -> None:
    for manifest in manifests:
        if manifest["apiVersion"].startswith("keda.sh/"):
            continue  # Kubernetes has no schema of it; the test below looks at it
        kubernetes.validate(manifest, version, strict=True)
    assert {"Deployment", "Service", "Job", "NetworkPolicy"} <= {manifest["kind"] for manifest in manifests}


def test_names_are_unique_and_every_object_says_whose_it_is(manifests: list[Manifest]) -> None:
    keys = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests]
    assert len(keys) == len(set(keys))
    assert all(component(manifest) for manifest in manifests)


def test_no_pod_has_root_capabilities_a_writable_root_or_a_token_of_the_cluster(manifests: list[Manifest]) -> None:
    for one in pods(manifests):
        assert one["spec"]["securityContext"]["runAsNonRoot"] is True
        assert one["spec"]["automountServiceAccountToken"] is False
        for container in [*one["spec"]["containers"], *one["spec"].get("initContainers", [])]:
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] is True and security["allowPrivilegeEscalation"] is False
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]


def test_no_secret_stands_in_a_variable_or_an_argument(manifests: list[Manifest]) -> None:
    secrets = of_kind(manifests, "Secret")
    values = [v for s in secrets for k, v in s["stringData"].items() if k not in ("valkey.conf", "first.json")]
    others = json.dumps([manifest for manifest in manifests if manifest["kind"] != "Secret"])
    assert [value for value in values if value in others] == []
    assert "secretKeyRef" not in others


def test_what_a_service_a_budget_or_a_scaler_selects_is_there(manifests: list[Manifest]) -> None:
    labels = [one["metadata"]["labels"] for one in pods(manifests)]
    names = {m["metadata"]["name"] for m in of_kind(manifests, "Deployment")}

    def met(selector: Manifest) -> bool:
        return any(selector.items() <= one.items() for one in labels)

    assert all(met(service["spec"]["selector"]) for service in of_kind(manifests, "Service"))
    assert all(met(budget["spec"]["selector"]["matchLabels"]) for budget in of_kind(manifests, "PodDisruptionBudget"))
    for scaler in of_kind(manifests, "HorizontalPodAutoscaler", "ScaledObject"):
        assert scaler["spec"]["scaleTargetRef"]["name"] in names


def test_nothing_reaches_a_pod_but_what_a_policy_allows(manifests: list[Manifest]) -> None:
    policies = of_kind(manifests, "NetworkPolicy")
    closed = next(policy for policy in policies if policy["metadata"]["name"] == "stillroom-default")
    assert set(closed["spec"]["policyTypes"]) == {"Ingress", "Egress"} and "ingress" not in closed["spec"]
    for one in pods(manifests):
        assert closed["spec"]["podSelector"]["matchLabels"].items() <= one["metadata"]["labels"].items()


def _outgoing(manifests: list[Manifest], name: str) -> list[Manifest]:
    (policy,) = [one for one in of_kind(manifests, "NetworkPolicy") if one["metadata"]["name"] == name]
    rules: list[Manifest] = policy["spec"].get("egress", [])
    return rules


def test_no_pod_reaches_a_metadata_service_and_each_exception_lies_in_its_range(manifests: list[Manifest]) -> None:
    policies = [policy["metadata"]["name"] for policy in of_kind(manifests, "NetworkPolicy")]
    rules = [rule for name in policies for rule in _outgoing(manifests, name)]
    blocks = [peer["ipBlock"] for rule in rules for peer in rule["to"] if "ipBlock" in peer]
    assert blocks
    for block in blocks:
        whole = ip_network(block["cidr"])
        # Kubernetes refuses any other exception.
        exceptions = [ip_network(text) for text in block.get("except", [])]
        for one in exceptions:
            assert one.version == whole.version and one != whole and one.subnet_of(whole)  # type: ignore[arg-type]
        for text in ("169.254.169.254/32", "fd00:ec2::254/128", "fd20:ce::254/128"):
            service = ip_network(text)
            if service.version == whole.version and service.subnet_of(whole):  # type: ignore[arg-type]
                assert any(service.subnet_of(one) for one in exceptions), block  # type: ignore[arg-type]


def test_workers_and_readers_reach_databases_and_the_ssh_servers_before_them_at_any_port() -> None:
    manifests = render({"networkPolicies": {"workerEgress": ["10.20.0.0/16"]}})
    for name in ("stillroom-workers", "stillroom-reader"):
        (rule,) = [r for r in _outgoing(manifests, name) if any("ipBlock" in peer for peer in r["to"])]
        assert rule == {"to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}]}
    assert pod(manifests, "worker-default")["containers"][0]["image"].startswith("stillroom-worker:")
    assert pod(manifests, "reader")["containers"][0]["image"].startswith("stillroom-worker:")


def test_pods_of_other_namespaces_are_reached_by_rules_of_the_operators() -> None:
    rule = {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "rabbitmq"}}}]}
    manifests = render({"networkPolicies": {"extraEgress": [rule]}})
    assert _outgoing(manifests, "stillroom-extra") == [rule]
    for one in of_kind(manifests, "NetworkPolicy"):
        kubernetes.validate(one, VERSIONS[0], strict=True)
    assert not any(m["metadata"]["name"] == "stillroom-extra" for m in of_kind(render({}), "NetworkPolicy"))


def test_a_worker_is_asked_for_life_at_its_door_and_not_by_the_broker_which_may_be_away() -> None:
    container = pod(render(EXAMPLES["rabbitmq"]), "worker-default")["containers"][0]
    asked = {"path": "/livez", "port": "operators"}
    assert container["livenessProbe"]["httpGet"] == container["startupProbe"]["httpGet"] == asked
    assert "celery inspect" not in json.dumps(render({}))


def test_the_migrations_run_before_the_new_pods_and_with_a_bundled_server_after_it() -> None:
    hook = {"helm.sh/hook": "pre-install,pre-upgrade"}
    external = next(m for m in of_kind(render(EXAMPLES["external"]), "Job"))
    assert hook.items() <= external["metadata"]["annotations"].items()
    bundled = next(m for m in of_kind(render({}), "Job"))
    assert "annotations" not in bundled["metadata"] and bundled["metadata"]["name"] == "stillroom-migrations-first"
    later = next(m for m in of_kind(render({}, upgrade=True), "Job"))
    assert hook.items() <= later["metadata"]["annotations"].items()
    for one in of_kind(render({}), "Secret"):
        # Before the migrations, and left where they are when the release goes.
        assert one["metadata"]["annotations"]["helm.sh/hook-weight"] == "-10"
        assert one["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_each_pool_has_its_own_workers_and_takes_the_defaults_where_it_says_nothing() -> None:
    found = {component(m): m for m in of_kind(render(EXAMPLES["large"]), "Deployment", "ScaledObject")}
    assert {"worker-default", "worker-slow"} <= set(found)
    large = render(EXAMPLES["large"])
    slow = next(m for m in of_kind(large, "Deployment") if component(m) == "worker-slow")["spec"]["template"]["spec"]
    assert slow["terminationGracePeriodSeconds"] == 7200 and slow["nodeSelector"] == {"pool": "migrations"}
    assert slow["securityContext"]["seccompProfile"]["type"] == "Localhost"
    scaled = next(m for m in of_kind(large, "ScaledObject") if component(m) == "worker-slow")
    trigger = scaled["spec"]["triggers"][0]
    assert trigger["metadata"] == {"address": "valkey.internal:6379", "listName": "stillroom", "listLength": "2"}
    assert trigger["authenticationRef"]["name"] in {
        m["metadata"]["name"] for m in of_kind(large, "TriggerAuthentication")
    }


def test_the_restricted_profile_of_kubernetes_is_kept_where_the_level_allows_it() -> None:
    for one in pods(render(EXAMPLES["strict"])):
        assert one["spec"]["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
        assert not any("hostPath" in volume for volume in one["spec"]["volumes"])


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"workers": [{"name": "a", "sandbox": {"level": "bwrap"}}]}, "bwrap needs user namespaces"),
        ({"postgresql": {"bundled": False}}, "secrets.databaseUrl"),
        ({"valkey": {"bundled": False}}, "secrets.redisUrl"),
        ({"secrets": {"existing": "mine"}}, "secrets.existing is for an external"),
        ({"settings": {"STILLROOM_SMTP_URL": "smtp://u:in the open@h"}}, "STILLROOM_SMTP_URL"),
        ({"secrets": {"redisUrl": "redis://valkey:6379/0"}}, "redisUrl"),
        ({"secrets": {"smtpUrl": "http://mail"}}, "smtpUrl"),
        ({"secrets": {"brokerUrl": "amqp://rabbitmq:5672"}}, "brokerUrl"),
        ({"secrets": {"databaseReplicaUrl": "postgresql://replica:5432/stillroom"}}, "databaseReplicaUrl"),
        ({"accounts": {"signUp": "everybody"}}, "signUp"),
        ({"workers": []}, "workers"),
        ({"publicURL": "https://x"}, "publicURL"),
        ({"publicUrl": "stillroom.example.com"}, "publicUrl"),
        ({"settings": {"STILLROOM_SECRET_KEY": "in the open"}}, "STILLROOM_SECRET_KEY"),
        ({"settings": {"STILLROOM_SANDBOX": "bare"}}, "workerDefaults.sandbox.level"),
        ({"settings": {"STILLROOM_PUBLIC_URL": "https://x"}}, "publicUrl"),
        ({"settings": {"PATH": "/tmp"}}, "PATH"),
        ({"workers": [{"name": "a", "sandbox": {"level": "vm"}}]}, "level"),
    ],
)
def test_values_that_could_not_work_are_refused_with_the_reason(values: Manifest, word: str) -> None:
    with pytest.raises(helm.HelmError) as refused:
        render(values)
    assert word in str(refused.value)
    assert "in the open" not in str(refused.value)


def test_a_release_of_any_name_has_names_of_its_own() -> None:
    assert {m["metadata"]["name"].startswith("acme-stillroom") for m in render({}, name="acme")} == {True}


def test_rabbitmq_is_given_to_the_processes_and_to_keda_and_stands_in_the_secret_alone() -> None:
    address = "amqps://stillroom:canary@rabbitmq.internal:5671/stillroom"
    manifests = render(
        {"secrets": {"brokerUrl": address}, "workerDefaults": {"keda": {"enabled": True, "rabbitmq": True}}}
    )
    assert secret(manifests, "stillroom-addresses")["BROKER_URL"] == address
    assert "canary" not in json.dumps([one for one in manifests if one["kind"] != "Secret"])
    (scaled,) = of_kind(manifests, "ScaledObject")
    (trigger,) = scaled["spec"]["triggers"]
    assert (trigger["type"], trigger["metadata"]["queueName"]) == ("rabbitmq", "stillroom")
    (keda,) = of_kind(manifests, "TriggerAuthentication")
    assert keda["spec"]["secretTargetRef"] == [
        {"parameter": "host", "name": "stillroom-addresses", "key": "BROKER_URL"}
    ]


def test_the_address_of_a_replica_stands_in_the_secret_alone() -> None:
    address = "postgresql://stillroom:canary@replica.internal:5432/stillroom"
    manifests = render({"secrets": {"databaseReplicaUrl": address}})
    assert secret(manifests, "stillroom-addresses")["DATABASE_REPLICA_URL"] == address
    assert "canary" not in json.dumps([one for one in manifests if one["kind"] != "Secret"])


def test_what_is_said_of_mail_and_accounts_reaches_every_process_and_its_secret_none_in_the_open() -> None:
    mail = "smtp://stillroom:canary@mail.example.com:587"
    values = {
        "secrets": {"smtpUrl": mail},
        "mail": {"from": "Stillroom <stillroom@example.com>"},
        "accounts": {"signUp": "open", "organizations": "nobody"},
    }
    manifests = render(values)
    assert secret(manifests, "stillroom-addresses")["STILLROOM_SMTP_URL"] == mail
    assert "canary" not in json.dumps([one for one in manifests if one["kind"] != "Secret"])
    for name in ("api", "scheduler"):
        given = variables(manifests, name)
        assert given["STILLROOM_MAIL_FROM"] == "Stillroom <stillroom@example.com>"
        assert (given["STILLROOM_SIGN_UP"], given["STILLROOM_ORGANIZATIONS"]) == ("open", "nobody")
    assert any("ipBlock" in target for rule in _outgoing(manifests, "stillroom-services") for target in rule["to"])
    plain = render({})
    assert not any("STILLROOM_SMTP_URL" in one["stringData"] for one in of_kind(plain, "Secret"))
