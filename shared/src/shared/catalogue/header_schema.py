"""The record headers as a schema: CloudEvents 1.0 in Kafka binary mode, and our extensions."""

from shared.catalogue.json_schemas import Schema

_TRACEPARENT = "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"


def _text(description: str, **form: str) -> Schema:
    return {"type": "string", **form, "description": description}


HEADERS: Schema = {
    "type": "object",
    "description": "CloudEvents 1.0, Kafka binary mode. Every value is UTF-8 text; more may come.",
    "properties": {
        "content-type": _text("The form of the body.", const="application/json"),
        "ce_specversion": _text("The version of CloudEvents.", const="1.0"),
        "ce_id": _text(
            "The event's own id, in ours a UUIDv7; the same whenever the event is repeated."
        ),
        "ce_source": _text("Who says so: /rapport/<service>.", format="uri-reference"),
        "ce_type": _text("What happened: crm.<service>.<aggregate>.<past-tense>.v<major>."),
        "ce_subject": _text("The id of the aggregate; also the record's key."),
        "ce_time": _text("When it happened, in the business's sense.", format="date-time"),
        "ce_dataschema": _text("The $id of the body's JSON Schema.", format="uri"),
        "ce_aggregateversion": _text(
            "The version that the aggregate reached by this; the same whenever it is repeated.",
            pattern="^[0-9]+$",
        ),
        "ce_correlationid": _text("One id for everything that one request sets off."),
        "ce_causationid": _text("The ce_id of the event that this reacts to, where there is one."),
        "ce_resyncid": _text("On a snapshot that is published again: the id of the resync."),
        "ce_actor": _text("Who did it: user:<subject>, service:<name> or import:<id>."),
        "correlation_id": _text("ce_correlationid again, under the name that many tools expect."),
        "traceparent": _text("W3C Trace Context.", pattern=_TRACEPARENT),
    },
    "required": [
        "content-type",
        "ce_specversion",
        "ce_id",
        "ce_source",
        "ce_type",
        "ce_subject",
        "ce_time",
        "ce_dataschema",
        "ce_aggregateversion",
        "ce_correlationid",
        "ce_actor",
        "traceparent",
    ],
}
"""What each record of ours has."""

HEADERS_OF_OTHERS: Schema = {**HEADERS, "required": ["ce_id", "ce_source", "ce_type"]}
"""What we need of a record that another system writes; the other headers are welcome."""
