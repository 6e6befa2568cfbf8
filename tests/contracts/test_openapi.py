"""The OpenAPI document of each service: well-formed, complete, and true about its problems."""

import importlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
import pytest
import schemathesis
from devstack.services import SERVICES
from fastapi import APIRouter
from shared.errors import ConflictError
from shared.http.openapi import Api
from shared.http.problems import refusal_body
from shared.http.refusing import refuses

URLS = ("CONTACTS", "PIPELINE", "SERVICE_DESK", "CAMPAIGNS", "CUSTOMER_360")
ENVIRONMENT = {
    "KAFKA_BOOTSTRAP_SERVERS": "unused:9092",
    "RAPPORT_JWT_KEY": "a-key-for-tests-that-is-long-enough",
    "RAPPORT_HASH_KEY": "a-hash-key-for-tests",
    "RAPPORT_LINK_KEY": "a-link-key-for-tests-that-is-long-enough",
    "WEBHOOKS_SEAL_KEY": "a-seal-key-for-tests-that-is-long-enough",
    "CAMPAIGNS_PUBLIC_URL": "http://campaigns",
    "CAMPAIGNS_SENDER": "us@example.com",
    "SMTP_URL": "smtp://unused:25",
    **{f"{name}_URL": "http://unused" for name in URLS},
    **{each.url_variable: "postgresql:///unused" for each in SERVICES},
}
PROBLEM = "application/problem+json"


@cache
def document_of(service: str) -> Any:
    package = next(each.package for each in SERVICES if each.name == service)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        return importlib.import_module(f"{package}.app").create_app().openapi()


def operations_of(service: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document_of(service)["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


every_service = pytest.mark.parametrize("service", [each.name for each in SERVICES])


@every_service
def test_a_document_is_one_of_openapi(service: str) -> None:
    schemathesis.openapi.from_dict(document_of(service)).validate()


@every_service
def test_every_endpoint_has_a_name_and_says_what_it_does(service: str) -> None:
    for name, operation in operations_of(service):
        assert operation["summary"], name
        assert operation.get("description"), name


@every_service
def test_every_chapter_says_what_is_in_it(service: str) -> None:
    told = {each["name"] for each in document_of(service)["tags"] if each["description"]}
    assert {tag for _, operation in operations_of(service) for tag in operation["tags"]} <= told


def test_a_door_says_who_may_use_it() -> None:
    doors = dict(operations_of("contacts"))
    assert doors["post /v1/handovers"]["description"].endswith("\n\nRole: one of `admin`.")
    assert doors["get /v1/customers"]["description"].endswith("\n\nRole: any.")


@every_service
def test_every_refusal_is_a_problem(service: str) -> None:
    for name, operation in operations_of(service):
        for status, response in operation["responses"].items():
            is_page = "text/html" in response.get("content", {})
            if status >= "400" and not is_page:
                assert list(response["content"]) == [PROBLEM], (name, status)
                assert response["description"], (name, status)


@every_service
def test_every_door_tells_what_follows_from_its_form(service: str) -> None:
    for name, operation in operations_of(service):
        named = {each["name"].lower() for each in operation.get("parameters", ())}
        is_guarded = "security" in operation
        assert is_guarded == ({"401", "403"} <= operation["responses"].keys()), name
        assert ("if-match" in named) == ("412" in operation["responses"]), name
        assert bool(named or "requestBody" in operation) == ("422" in operation["responses"]), name
        assert "503" in operation["responses"], name


@every_service
def test_every_example_is_of_the_schema(service: str) -> None:
    schemas = document_of(service)["components"]["schemas"]
    assert not {"HTTPValidationError", "ValidationError"} & schemas.keys()
    count = 0
    for name, operation in operations_of(service):
        for status, response in operation["responses"].items():
            problem = response.get("content", {}).get(PROBLEM, {})
            for code, example in problem.get("examples", {}).items():
                jsonschema.validate(example["value"], schemas["Problem"])
                assert example["value"]["status"] == int(status), name
                assert example["value"]["type"] == f"urn:rapport:problem:{code}", name
                count += 1
    assert count


@every_service
def test_a_document_lists_the_codes_of_its_service_alone(service: str) -> None:
    about = document_of(service)["info"]["description"]
    assert "`403 role-not-allowed`" in about
    assert ("`404 import-not-found`" in about) == (service == "contacts")
    assert ("`404 ticket-not-found`" in about) == (service == "service-desk")


class TooLateError(ConflictError):
    """It is too late."""


async def _door() -> None: ...


def test_an_endpoint_that_names_its_refusals_tells_these_alone() -> None:
    router = APIRouter()
    router.post("/named", responses=refuses(TooLateError))(_door)
    router.post("/any")(_door)
    app = Api(title="a service")
    app.include_router(router)
    paths = app.openapi()["paths"]
    named = paths["/named"]["post"]["responses"]["409"]
    assert named["description"] == "- `too-late`: It is too late."
    examples = named["content"][PROBLEM]["examples"]
    assert examples["too-late"]["value"] == refusal_body(TooLateError())
    assert paths["/any"]["post"]["responses"]["409"]["description"] == ConflictError.message()
