"""CreateCustomer as bytes: the command that rows send over HTTP."""

import json

from rig.http_load import post

CREATED = 201


def create_customer(url: str, token: str, number: int) -> bytes:
    """One new customer, told from the others by its name; `url` is that of the collection."""
    said = {
        "kind": "organization",
        "display_name": f"Maschinenfabrik {number} GmbH",
        "source": "bench",
        "owner_id": "sales-7",
        "region": "Wien",
        "industry": "machinery",
        "language": "de",
        "currency": "EUR",
    }
    return post(url, json.dumps(said).encode(), token)
