"""Run settings are filled in with the connection of the one job."""

import pytest

from stillroom_core.environments.templates import Connection, check_template, render, render_attribute
from stillroom_core.errors import Invalid

CONNECTION = Connection("127.0.0.1", 5432, "shop@corp", "t0ken", "shop", "/run/db")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{url}}", "postgresql://shop%40corp:t0ken@127.0.0.1:5432/shop"),
        ("{{url:asyncpg}}", "postgresql+asyncpg://shop%40corp:t0ken@127.0.0.1:5432/shop"),
        ("{{ host }}:{{port}}/{{database}}", "127.0.0.1:5432/shop"),
        ("{{ files }}/config.yaml", "{{files}}/config.yaml"),
        ("{{user}} {{password}} {{socket}}", "shop@corp t0ken /run/db"),
        ("plain {text} {{unknown}} %(here)s", "plain {text} {{unknown}} %(here)s"),
    ],
)
def test_names_are_filled_in_and_everything_else_stays(template: str, expected: str) -> None:
    assert render(template, CONNECTION) == expected


@pytest.mark.parametrize("template", ["{{pasword}}", "{{url:mysql}}", "{{host:psycopg}}"])
def test_a_name_that_does_not_exist_is_refused_when_it_is_entered(template: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_template(template, "variables")
    assert refused.value.code == "unknown_template"


def test_a_connection_does_not_show_its_token() -> None:
    assert "t0ken" not in repr(CONNECTION)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{connection}}", {"$connection": "postgresql://shop%40corp:t0ken@127.0.0.1:5432/shop"}),
        ("{{ engine:psycopg2 }}", {"$engine": "postgresql+psycopg2://shop%40corp:t0ken@127.0.0.1:5432/shop"}),
        ("{{host}}", "127.0.0.1"),
        ("see {{connection}}", "see {{connection}}"),
    ],
)
def test_an_attribute_may_be_a_living_connection(template: str, expected: object) -> None:
    assert render_attribute(template, CONNECTION) == expected


@pytest.mark.parametrize(
    ("template", "field"),
    [("{{connection}}", "variables"), ("{{engine:mysql}}", "attributes"), ("x {{engine}}", "attributes")],
)
def test_a_living_connection_stands_alone_and_in_attributes_only(template: str, field: str) -> None:
    with pytest.raises(Invalid):
        check_template(template, field)
    check_template("{{connection:psycopg}}", "attributes")


def test_the_folder_of_secret_files_may_be_named() -> None:
    check_template("{{files}}/config.yaml", "variables")
