"""Each fact has one realistic example, which is read, and written the same."""

import json
import re

import pytest
from shared.contracts import FACTS
from shared.contracts.examples import example_of, names_of_examples

PLACEHOLDERS = re.compile(r'"(name|code|role|key|string|value|tag|foo|test|todo|[a-z-]+-line)"')


@pytest.mark.parametrize("wire_name", sorted(FACTS))
def test_a_fact_has_an_example_that_is_written_as_it_is_read(wire_name: str) -> None:
    example = example_of(FACTS[wire_name])
    event = FACTS[wire_name].model_validate_json(json.dumps(example))
    assert json.loads(event.model_dump_json(exclude_none=True)) == example


@pytest.mark.parametrize("wire_name", sorted(FACTS))
def test_an_example_is_about_something(wire_name: str) -> None:
    values = re.sub(r'"[^"]*":', "", json.dumps(example_of(FACTS[wire_name])))
    assert not PLACEHOLDERS.search(values)


def test_no_example_lost_its_fact() -> None:
    assert names_of_examples() == set(FACTS)
