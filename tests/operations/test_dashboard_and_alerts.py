"""deploy/observability: each expression is well formed and asks only for metrics and labels that are shown."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from stillroom_core.telemetry import metrics

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "observability"
RULES = [rule for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"] for rule in group["rules"]]
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [rule["expr"] for rule in RULES] + [t["expr"] for panel in PANELS for t in panel["targets"]]
PAGE = (FOLDER.parents[1] / "docs" / "operations.md").read_text()

_SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}
SERIES = {name + suffix: found for name, found in metrics.ALL.items() for suffix in _SUFFIXES[found.kind]}
OTHERS = {"process_resident_memory_bytes": {"instance", "job"}, "up": {"instance", "job"}}
FUNCTIONS = {
    *("sum", "max", "count", "topk", "rate", "increase", "histogram_quantile", "vector"),
    *("by", "on", "group_left", "and", "or"),
}
_SELECTOR = re.compile(r"\b([a-z_][a-z0-9_]*)\b(\{[^}]*\})?(\[\d+[smh]\])?")
_GROUPING = re.compile(r"\b(?:by|on|group_left)\s*\(([^)]*)\)")


def selectors(expression: str) -> list[tuple[str, str, str]]:
    """Name, matchers and range of every series in an expression."""
    bare = _GROUPING.sub(" ", expression)
    return [found for found in _SELECTOR.findall(bare) if found[0] not in FUNCTIONS]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_asks_only_for_what_is_shown(expression: str) -> None:
    asked = selectors(expression)
    assert asked or "vector" in expression
    known: set[str] = {"instance", "job", "le"}
    for name, matchers, _ in asked:
        assert name in SERIES or name in OTHERS, f"nobody shows {name}"
        labels = set(SERIES[name].labels) | {"instance", "job"} if name in SERIES else OTHERS[name]
        known |= labels
        named = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", matchers))
        assert named <= labels, f"{name} has no label {named - labels}"
    grouped = {label.strip() for found in _GROUPING.findall(expression) for label in found.split(",") if label.strip()}
    assert grouped <= known


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_is_well_formed(expression: str) -> None:
    for opening, closing in ("()", "{}", "[]"):
        assert expression.count(opening) == expression.count(closing)
    assert expression.count('"') % 2 == 0
    for name, _, span in selectors(expression):
        kind = SERIES[name].kind if name in SERIES else "gauge"
        # A rate is of what only grows; a gauge is looked at as it is.
        assert bool(span) == (kind != "gauge"), f"{name}{span}"
        if name.endswith("_bucket"):
            assert "histogram_quantile" in expression
            assert re.search(r"by \([^)]*\ble\b", expression)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_says_how_bad_it_is_and_where_its_runbook_is(rule: dict[str, Any]) -> None:
    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"Stillroom[A-Za-z]+", rule["alert"])
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s"))
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert page == "docs/operations.md"
    titles = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    assert anchor in {re.sub(r"[^\w\s-]", "", title.lower()).replace(" ", "-") for title in titles}
    assert {"summary", "description"} <= rule["annotations"].keys()


def test_alerts_have_names_of_their_own() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


def test_the_dashboard_shows_every_metric_of_ours() -> None:
    asked = {name for expression in EXPRESSIONS[len(RULES) :] for name, _, _ in selectors(expression)}
    assert {name for name in metrics.ALL if not any(name + suffix in asked for suffix in ("", "_bucket"))} == set()


def test_no_panel_lies_over_another() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"], (x, y)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_a_wrong_name_label_or_range_would_be_found() -> None:
    for wrong in (
        "sum(stillroom_jobs_wating)",
        'sum(stillroom_jobs_total{stat="failed"})',
        "max by (nobody) (stillroom_jobs_running)",
    ):
        with pytest.raises(AssertionError):
            test_an_expression_asks_only_for_what_is_shown(wrong)
    for wrong in ("sum(stillroom_jobs_total)", "rate(stillroom_jobs_running[5m])", "sum(stillroom_jobs_running"):
        with pytest.raises(AssertionError):
            test_an_expression_is_well_formed(wrong)
