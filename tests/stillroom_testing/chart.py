"""deploy/helm, rendered without a cluster."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

CHART = Path(__file__).resolve().parents[2] / "deploy" / "helm" / "stillroom"
EXAMPLES: dict[str, dict[str, Any]] = {"default": {}} | {
    p.stem: yaml.safe_load(p.read_text()) for p in sorted(CHART.parent.glob("examples/*.yaml"))
}

helm = pytest.importorskip(
    "helm_python", reason="helm-python-sdk has no wheel for this machine, or `make setup-charts` did not run"
)

Manifest = dict[str, Any]


def render(values: Manifest, *, name: str = "stillroom", upgrade: bool = False, chart: Path = CHART) -> list[Manifest]:
    """Every manifest; values that the schema refuses are refused, as at an installation."""
    with helm.Chart.load(str(chart)) as loaded:
        loaded.validate_schema(values)
        files = loaded.render(values, name=name, namespace="ours", is_upgrade=upgrade, is_install=not upgrade)
    return [d for path, text in files.items() if path.endswith(".yaml") for d in yaml.safe_load_all(text) if d]


def on_a_cluster(folder: Path, secrets: dict[str, dict[str, str]]) -> Path:
    """The chart as a cluster sees it that has these Secrets, by name: without one, nothing is ever found."""
    chart = folder / "stillroom"
    shutil.copytree(CHART, chart)
    helpers = chart / "templates" / "_helpers.tpl"
    asked = '(lookup "v1" "Secret" .root.Release.Namespace .name).data'
    data = {n: {k: base64.b64encode(v.encode()).decode() for k, v in found.items()} for n, found in secrets.items()}
    known = f"get (fromJson {json.dumps(json.dumps(data))}) .name"
    text = helpers.read_text()
    assert text.count(asked) == 1
    helpers.write_text(text.replace(asked, known))
    return chart


def of_kind(manifests: list[Manifest], *kinds: str) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def pods(manifests: list[Manifest]) -> list[Manifest]:
    found: list[Manifest] = [m["spec"]["template"] for m in of_kind(manifests, "Deployment", "StatefulSet", "Job")]
    return found


def component(manifest: Manifest) -> str:
    name: str = manifest["metadata"]["labels"]["app.kubernetes.io/component"]
    return name


def pod(manifests: list[Manifest], name: str) -> Manifest:
    """The pod of one component."""
    (found,) = [one for one in pods(manifests) if component(one) == name]
    spec: Manifest = found["spec"]
    return spec


def variables(manifests: list[Manifest], name: str) -> dict[str, str]:
    """What the process of one component finds in its environment."""
    return {one["name"]: one["value"] for one in pod(manifests, name)["containers"][0]["env"]}


def secret(manifests: list[Manifest], name: str) -> dict[str, str]:
    """The content of one Secret."""
    (found,) = [one for one in of_kind(manifests, "Secret") if one["metadata"]["name"] == name]
    content: dict[str, str] = found["stringData"]
    return content
