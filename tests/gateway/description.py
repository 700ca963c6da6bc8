"""The API's own description, for tests."""

from typing import Any

import jsonschema

from config import urls  # the converters of addresses are registered there
from gateway.api.service import api

assert urls.urlpatterns


def schema() -> dict[str, Any]:
    """The API's description of itself."""
    return dict(api.get_openapi_schema())


def operations(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The described operations, by their ids."""
    return {
        operation["operationId"]: operation
        for methods in described["paths"].values()
        for operation in methods.values()
    }


def validate(instance: Any, of_schema: dict[str, Any], described: dict[str, Any]) -> None:
    """Check that the instance is as this part of the description says."""
    whole = {**of_schema, "components": described["components"]}
    jsonschema.Draft202012Validator(whole).validate(instance)
