"""The API's description: complete, with examples that are what they claim to be."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.main import app

API = app.openapi()
METHODS = ("get", "post", "put", "patch", "delete")
JSON = ("application/json", "application/problem+json")


def operations() -> list[Any]:
    return list(_operations())


def _operations() -> Iterator[Any]:
    for path, methods in API["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                yield pytest.param(operation, id=f"{method.upper()} {path}")


def with_nulls(example: Any, schema: dict[str, Any]) -> Any:
    """FastAPI leaves null out of what it publishes, in examples too."""
    if "$ref" in schema:
        return with_nulls(example, API["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for one in schema.get("anyOf", []):
        if "$ref" in one and example is not None:
            return with_nulls(example, one)
    if isinstance(example, list):
        return [with_nulls(item, schema.get("items", {})) for item in example]
    if not isinstance(example, dict):
        return example
    properties = schema.get("properties", {})
    nullable = [n for n, p in properties.items() if {"type": "null"} in p.get("anyOf", [])]
    filled = {name: with_nulls(value, properties.get(name, {})) for name, value in example.items()}
    return {**dict.fromkeys(nullable), **filled}


def schema_of(content: dict[str, Any]) -> dict[str, Any]:
    reference = content["schema"].get("$ref", "")
    name = reference.rpartition("/")[2]
    found: dict[str, Any] = API["components"]["schemas"].get(name, content["schema"])
    return found


@pytest.mark.parametrize("operation", operations())
def test_an_operation_says_what_it_does_and_shows_what_goes_in_and_out(operation: dict[str, Any]):
    assert operation["description"]
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for body in bodies:
        for kind, content in body.get("content", {}).items():
            if kind in JSON:
                assert schema_of(content).get("examples"), (kind, content)
            else:
                assert "curl " in operation["description"] or "example" in content, kind
    for parameter in operation.get("parameters", []):
        assert parameter["schema"].get("examples") or parameter.get("examples"), parameter["name"]


@pytest.mark.parametrize("operation", operations())
def test_its_errors_are_problems(operation: dict[str, Any]):
    for status, response in operation["responses"].items():
        if status >= "400" and status != "503":
            assert list(response["content"]) == ["application/problem+json"], status


@pytest.mark.parametrize(
    "name", [n for n, s in API["components"]["schemas"].items() if "examples" in s]
)
def test_an_example_fits_its_schema(name: str):
    schema = {"$ref": f"#/components/schemas/{name}", "components": API["components"]}
    for example in API["components"]["schemas"][name]["examples"]:
        Draft202012Validator(schema).validate(with_nulls(example, {"$ref": schema["$ref"]}))


def test_operations_have_short_names_of_their_own():
    names = [parameter.values[0]["operationId"] for parameter in operations()]
    assert len(set(names)) == len(names)
    assert {"submit_job", "upload_workbook", "get_result"} <= set(names)
