"""The JSON schemas of answers: the part of JSON Schema that every server's strict mode takes, and its checks.

That part is: `type`, `description`, `enum` of strings, `items`, and objects with all their `properties` `required`
and no `additionalProperties`. Limits of length or number are left out: many servers refuse them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}
_KEYS: Mapping[str, frozenset[str]] = {
    "object": frozenset({"properties", "required", "additionalProperties"}),
    "array": frozenset({"items"}),
    "string": frozenset({"enum"}),
}


def schema_faults(schema: object, place: str = "schema") -> Iterator[str]:
    """Find what is outside the part of JSON Schema that all servers take.

    Args:
        schema: The schema.
        place: Its field, for the texts.

    Yields:
        One text a fault.
    """
    if not isinstance(schema, dict):
        yield f"{place}: is no mapping; write a JSON schema"
        return
    kind = schema.get("type")
    if not isinstance(kind, str) or kind not in _TYPES:
        yield f"{place}.type: {kind!r} is not allowed; write one of {', '.join(_TYPES)}"
        return
    for key in sorted(schema.keys() - {"type", "description"} - _KEYS.get(kind, frozenset())):
        yield f"{place}.{key}: not every server takes it in a schema of type {kind}; drop it"
    if kind == "object":
        yield from _object_faults(schema, place)
    elif kind == "array":
        yield from schema_faults(schema.get("items"), f"{place}.items")
    elif "enum" in schema and not _is_texts(schema["enum"]):
        yield f"{place}.enum: is no list of different texts; write one"


def _object_faults(schema: Mapping[str, Any], place: str) -> Iterator[str]:
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, dict) or not properties:
        yield f"{place}.properties: is no mapping of names to schemas; write one"
        return
    if not _is_texts(required) or set(required or ()) != set(properties):
        yield f"{place}.required: strict servers want every property; list {', '.join(properties)}"
    if schema.get("additionalProperties") is not False:
        yield f"{place}.additionalProperties: strict servers want false; write it"
    for name, part in properties.items():
        yield from schema_faults(part, f"{place}.properties.{name}")


def answer_faults(answer: object, schema: Mapping[str, Any], place: str = "answer") -> Iterator[str]:
    """Find where an answer is off its schema.

    Args:
        answer: What was answered, as JSON gives it.
        schema: A schema without faults.
        place: The answer's field, for the texts.

    Yields:
        One text a fault.
    """
    kind = schema["type"]
    if not isinstance(answer, _TYPES[kind]) or (isinstance(answer, bool) and kind != "boolean"):
        yield f"{place}: {_short(answer)} is no {kind}"
    elif isinstance(answer, dict):
        for name in schema["required"]:
            if name not in answer:
                yield f"{place}: has no {name!r}"
        for name, part in answer.items():
            if name in schema["properties"]:
                yield from answer_faults(part, schema["properties"][name], f"{place}.{name}")
            else:
                yield f"{place}: {name!r} is not in the schema"
    elif isinstance(answer, list):
        for number, part in enumerate(answer):
            yield from answer_faults(part, schema["items"], f"{place}.{number}")
    elif "enum" in schema and answer not in schema["enum"]:
        yield f"{place}: {_short(answer)} is none of {', '.join(schema['enum'])}"


def schema_in_order(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Give the schema with its keys in one order: properties as `required` names them, all else by name.

    Servers write an answer's keys in the order of the properties, so that order is part of a request. It is taken
    from a list, so that the order of keys in a file never matters.
    """
    ordered = dict(sorted(schema.items()))
    if schema["type"] == "object":
        ordered["properties"] = {
            name: schema_in_order(schema["properties"][name]) for name in schema["required"]
        }
    elif schema["type"] == "array":
        ordered["items"] = schema_in_order(schema["items"])
    return ordered


def answer_in_order(answer: Any, schema: Mapping[str, Any]) -> Any:
    """Give the answer with its keys in the order of the schema."""
    if isinstance(answer, dict):
        return {
            name: answer_in_order(answer[name], schema["properties"][name]) for name in schema["required"]
        }
    if isinstance(answer, list):
        return [answer_in_order(part, schema["items"]) for part in answer]
    return answer


def _is_texts(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(each, str) for each in value)
        and len(set(value)) == len(value)
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
