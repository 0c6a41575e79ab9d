"""Templates: what they may do, what is refused, and that values are never read as templates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naturel.prompts.templates import BadTemplateError, render_template, template_faults, used_variables

KNOWN = frozenset({"statement", "subject", "styles", "count"})
ESCAPES = {
    "{{ ''.__class__ }}": "private",
    "{{ statement.__class__.__mro__ }}": "private",
    "{{ statement['__class__'] }}": "index in brackets",
    "{{ statement|attr('__class__') }}": "filter 'attr'",
    "{{ styles|map(attribute='__class__')|list }}": "filter 'map'",
    "{{ styles|sort(attribute='__class__') }}": "",
    "{{ self.__init__ }}": "private",
    "{{ self }}": "unknown variable 'self'",
    "{{ cycler.__init__.__globals__ }}": "private",
    "{{ range(9) }}": "a call",
    "{{ lipsum() }}": "a call",
    "{{ statement.format(1) }}": "a call",
    "{{ statement.format }}": "unknown attribute 'format'",
    "{{ '%s' % statement }}": "cannot have mod",
    "{{ 'a' * 999999999 }}": "cannot have mul",
    "{{ 9 ** 9 ** 9 }}": "cannot have pow",
    "{% include '/etc/passwd' %}": "cannot have include",
    "{% import 'os' as os %}": "cannot have import",
    "{% extends 'x' %}": "cannot have extends",
    "{% macro m() %}{% endmacro %}": "cannot have macro",
    "{% for x in styles recursive %}{% endfor %}": "recursive",
    "{% set _x = 1 %}": "private",
    "{{ __builtins__ }}": "private",
    "{{ loop.cycle }}": "unknown attribute 'cycle'",
    "{% filter upper %}x{% endfilter %}": "cannot have filterblock",
}


@pytest.mark.parametrize(("text", "reason"), [item for item in ESCAPES.items() if item[1]])
def test_what_a_prompt_has_no_use_for_is_refused(text: str, reason: str) -> None:
    assert any(reason in fault for fault in template_faults(text, KNOWN)), template_faults(text, KNOWN)
    with pytest.raises(BadTemplateError):
        render_template(text, {"statement": "a", "subject": "b", "styles": (), "count": 1})


@pytest.mark.parametrize("text", ESCAPES)
def test_no_escape_reaches_an_object(text: str) -> None:
    styles = ({"construction": "svo", "description": "plain"},)
    values = {"statement": "a", "subject": "b", "styles": styles, "count": 1}
    with pytest.raises(BadTemplateError):
        render_template(text, values)


def test_all_faults_are_named_at_once() -> None:
    text = "{{ claim }}\n{{ statement.__class__ }}\n{{ 2 * 3 }}\n{{ subject | shout }}"
    faults = template_faults(text, KNOWN)
    assert len(faults) == 4
    joined = "\n".join(faults)
    for part in ("'claim'", "line 2: attribute '__class__'", "line 3:", "line 4: filter 'shout'"):
        assert part in joined


def test_a_syntax_error_names_its_line() -> None:
    [fault] = template_faults("fine\n{% if %}", KNOWN)
    assert fault.startswith("line 2: ")


def test_deep_nesting_is_a_fault() -> None:
    [fault] = template_faults("{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}", KNOWN)
    assert "too deeply" in fault


def test_a_useful_template_renders() -> None:
    text = (
        "{% if count == 1 %}One{% else %}Many{% endif %}:\n"
        "{% for style in styles %}\n{{ loop.index }}. {{ style.construction | upper }}\n{% endfor %}\n"
        "{{ statement }}\n"
    )
    styles = (
        {"construction": "svo", "description": "plain"},
        {"construction": "cleft", "description": "it is"},
    )
    values = {"statement": "a < b & 'c'", "styles": styles, "count": 2}
    assert render_template(text, values) == "Many:\n1. SVO\n2. CLEFT\na < b & 'c'"
    assert used_variables(text) == {"statement", "styles", "count"}


def test_an_undefined_value_is_an_error() -> None:
    with pytest.raises(BadTemplateError, match="unknown variable 'missing'"):
        render_template("{{ missing }}", {"statement": "a"})


def test_a_template_that_fails_on_its_values_is_an_error() -> None:
    with pytest.raises(BadTemplateError, match="fails on a claim"):
        render_template("{{ count | join }}", {"count": 3})


@given(st.text(alphabet=st.sampled_from("{}%#'\"\\ _.|()ab\n\u2028"), max_size=30) | st.text())
def test_values_are_never_read_as_templates(value: str) -> None:
    assert render_template("<{{ statement }}>", {"statement": value}) == f"<{value}>"
