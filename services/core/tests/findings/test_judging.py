"""How bad a finding is where the size of its table is known."""

import pytest

from stillroom_core.catalogues.repository import Size
from stillroom_core.findings.finding import Finding
from stillroom_core.findings.rules import RULES, Code
from stillroom_core.findings.service import SMALL, _judge


@pytest.mark.parametrize("code", [Code.TABLE_EMPTIED, Code.TABLE_DROPPED, Code.COLUMN_DROPPED])
def test_data_that_goes_is_a_danger_however_little_it_is(code: Code) -> None:
    assert _judge(Finding(code, table="tiny"), Size("public", "tiny", 3, 8192)).severity == "danger"


@pytest.mark.parametrize("code", [code for code, rule in RULES.items() if rule.rows and not rule.loses])
def test_what_takes_its_time_by_the_rows_is_a_note_where_there_are_hardly_any(code: Code) -> None:
    finding = Finding(code, table="tiny")
    assert _judge(finding, Size("public", "tiny", 3, SMALL)).severity == "note"
    for size in (Size("public", "tiny", 10**7, SMALL + 1), Size("public", "tiny", None, None), None):
        assert _judge(finding, size).severity == finding.rule.severity
