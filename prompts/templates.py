"""The templates of prompts: a small, closed part of Jinja2.

A template comes from a file that may be anybody's. So it is read twice over: what is not on the lists below is a
fault when the file is read (no calls, no arithmetic, no private attributes, no other files), and what is left runs
in Jinja2's immutable sandbox with undefined names as errors. Values are never read as templates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

FILTERS = frozenset(
    {
        *("capitalize", "default", "first", "join", "last", "length", "list", "lower"),
        *("replace", "sort", "title", "trim", "unique", "upper"),
    }
)
ATTRIBUTES = frozenset({"construction", "description"})
"""The attributes that the values of a template have: those of a style."""
_LOOP = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length"})
_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.List,
    nodes.Tuple,
    nodes.If,
    nodes.For,
    nodes.Assign,
    nodes.Getattr,
    nodes.Filter,
    nodes.Test,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.CondExpr,
    nodes.Concat,
)
_WORDS: Mapping[type[nodes.Node], str] = {
    nodes.Call: "a call; use a filter, such as {{ statement | upper }}",
    nodes.Getitem: "an index in brackets; use the filters first and last, or a loop",
}
_RUNTIME = (
    TemplateError,
    TypeError,
    ValueError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RecursionError,
)


class BadTemplateError(Exception):
    """A template cannot be used, or fails on its values; the text says why and how to mend it."""


def template_faults(text: str, known: frozenset[str]) -> list[str]:
    """Find everything that is wrong with a template.

    Args:
        text: The template.
        known: The variables that it may use.

    Returns:
        One text a fault, each with its line and its mend.
    """
    try:
        tree = _environment().parse(text)
    except TemplateSyntaxError as error:
        return [f"line {error.lineno}: {error.message}; mend the template's syntax"]
    except RecursionError:
        return ["is nested too deeply; write it flatter"]
    faults = list(_unsafe(tree))
    for name in sorted(_taken(tree) - known):
        if not name.startswith("_"):
            faults.append(f"unknown variable {name!r}; there are: {', '.join(sorted(known))}")
    return list(dict.fromkeys(faults))


def used_variables(text: str) -> frozenset[str]:
    """Name the variables that a template without faults takes from outside."""
    return _taken(_environment().parse(text))


def render_template(text: str, variables: Mapping[str, object]) -> str:
    """Fill a template.

    Args:
        text: The template.
        variables: Values by name; their text is never read as a template.

    Returns:
        The text, without white space at its ends.

    Raises:
        BadTemplateError: The template has faults, or fails on these values.
    """
    try:
        return _compiled(text, frozenset(variables)).render(variables).strip()
    except _RUNTIME as error:
        raise BadTemplateError(
            f"fails on a claim: {' '.join(str(error).split())}; mend the template"
        ) from error


@lru_cache(maxsize=64)
def _compiled(text: str, known: frozenset[str]) -> Template:
    # Checked before it is compiled: compiling would already work out constants.
    if faults := template_faults(text, known):
        raise BadTemplateError("; ".join(faults))
    return _environment().from_string(text)


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # plain text, not HTML
        extensions=(),
    )
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    return environment


def _taken(tree: nodes.Template) -> frozenset[str]:
    """The names that a template reads and nowhere sets.

    Jinja2's own `meta.find_undeclared_variables` compiles, and so would work out 9 ** 9 ** 9.
    """
    names = [node for node in _walk(tree) if isinstance(node, nodes.Name)]
    loops = {"loop"} if any(isinstance(node, nodes.For) for node in _walk(tree)) else set()
    return frozenset(
        {node.name for node in names if node.ctx == "load"}
        - {node.name for node in names if node.ctx != "load"}
        - loops
    )


def _unsafe(tree: nodes.Template) -> Iterator[str]:
    """What a prompt's template may not do, with the line of each."""
    for node in _walk(tree):
        where = f"line {node.lineno}: "
        if isinstance(node, nodes.Name) and node.name.startswith("_"):
            yield f"{where}{node.name!r} is private; use the variables of the claim"
        elif isinstance(node, nodes.Getattr):
            yield from _attribute(node, where)
        elif isinstance(node, nodes.Filter) and node.name not in FILTERS:
            yield f"{where}filter {node.name!r} is not allowed; there are: {', '.join(sorted(FILTERS))}"
        elif isinstance(node, nodes.Test) and node.name not in _environment().tests:
            yield f"{where}unknown test {node.name!r}; compare with == instead"
        elif isinstance(node, nodes.For) and node.recursive:
            yield f"{where}a recursive loop is not allowed; write a plain one"
        elif not isinstance(node, _ALLOWED):
            kind = _WORDS.get(type(node), f"{type(node).__name__.lower()}; write it without")
            yield f"{where}a prompt's template cannot have {kind}"


def _attribute(node: nodes.Getattr, where: str) -> Iterator[str]:
    allowed = _LOOP if isinstance(node.node, nodes.Name) and node.node.name == "loop" else ATTRIBUTES
    if node.attr.startswith("_"):
        yield f"{where}attribute {node.attr!r} is private and refused; use the variables of the claim"
    elif node.attr not in allowed:
        yield f"{where}unknown attribute {node.attr!r}; there are: {', '.join(sorted(allowed))}"


def _walk(tree: nodes.Node) -> Iterator[nodes.Node]:
    waiting: list[nodes.Node] = [tree]
    while waiting:
        node = waiting.pop(0)
        yield node
        waiting += node.iter_child_nodes()
