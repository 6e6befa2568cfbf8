"""Structured mode: the record as one JSON document."""

import json

import pytest
from shared.messaging.structured import structured

HEADERS = {
    "ce_id": "4711",
    "ce_source": "/erp",
    "ce_type": "t",
    "ce_specversion": "1.0",
    "ce_aggregateversion": "7",
    "content-type": "x/y",
    "traceparent": "00-1",
    "x-other": "stays where it is",
}


@pytest.mark.parametrize("body", ['{"a":1.50,"b":"\\u00e9","c":null}', "[]", '"text"'])
def test_a_body_stands_in_the_event_letter_by_letter(body: str) -> None:
    text = structured(HEADERS, "k-1", body)
    assert text.endswith(f'"data":{body}}}')
    assert json.loads(text) == {
        "specversion": "1.0",
        "id": "4711",
        "source": "/erp",
        "type": "t",
        "aggregateversion": 7,
        "datacontenttype": "x/y",
        "traceparent": "00-1",
        "partitionkey": "k-1",
        "data": json.loads(body),
    }


def test_the_end_of_a_key_has_no_data() -> None:
    told = json.loads(structured(HEADERS, "k-1", None))
    assert "data" not in told
    assert "datacontenttype" not in told


def test_what_lacks_an_attribute_is_no_event() -> None:
    with pytest.raises(KeyError):
        structured({"ce_id": "4711"}, None, "{}")
