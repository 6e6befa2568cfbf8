"""What the broker refuses, told so that an operator knows what to do: who lacks which right.

The client libraries keep the reason to themselves: a bootstrap that fails for a wrong password says
only that it failed, and a topic that may not be seen is taken for one without partitions.
"""

import ssl
from collections.abc import Iterable
from typing import Any, Literal

from aiokafka import conn
from aiokafka.errors import (
    AuthenticationFailedError,
    GroupAuthorizationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)

GRANT = "`rapport acl diff` shows what is not granted, `rapport acl apply` grants it"
RENEW = "look after its password, or give it a new one: `rapport credentials rotate`"
SECURE = (
    "set KAFKA_SECURITY_PROTOCOL, KAFKA_CA_FILE and KAFKA_SASL_MECHANISM as the broker has them"
)

_library: Any = conn  # it annotates none of this
_WRONG_PASSWORD = (AuthenticationFailedError, SaslAuthenticationFailed)
_WRONG_MECHANISM = (UnsupportedSaslMechanismError, IllegalSaslStateError)


async def refusal_of(
    error: BaseException, options: dict[str, Any], operation: Literal["Read", "Write"]
) -> str | None:
    """What the broker refused where `error` came from that; None where it came from elsewhere."""
    principal = principal_of(options)
    if isinstance(error, TopicAuthorizationFailedError):
        return lacks(principal, operation, "topic", _names(error.args))
    if isinstance(error, GroupAuthorizationFailedError):
        return lacks(principal, "Read", "group", _names(error.args))
    if isinstance(error, KafkaConnectionError):
        return await _why_not_let_in(options)
    return None


def principal_of(options: dict[str, Any]) -> str:
    """Who a client with these options is to the broker."""
    return str(options.get("sasl_plain_username") or "ANONYMOUS")


def lacks(principal: str, operation: str, resource: str, names: Iterable[str]) -> str:
    """The sentence for a right that is missing."""
    return f"{principal} lacks {operation} on {resource} {', '.join(sorted(names))}; {GRANT}"


def _names(arguments: Iterable[Any]) -> set[str]:
    """The library names a topic, a set of them, or none."""
    found: set[str] = set()
    for argument in arguments:
        found |= {argument} if isinstance(argument, str) else set(argument)
    return found


async def _why_not_let_in(options: dict[str, Any]) -> str | None:
    """Knock once more at each address, to hear what is said at the door."""
    for address in options["bootstrap_servers"]:
        host, _, port = address.rpartition(":")
        try:
            connection = await _library.create_conn(host, int(port), **_of_connection(options))
        except _WRONG_PASSWORD:
            return f"{address} does not let in {principal_of(options)}: {RENEW}"
        except _WRONG_MECHANISM as error:
            return f"{address} speaks otherwise ({type(error).__name__}): {SECURE}"
        except ssl.SSLError as error:
            return f"{address} and its certificate are not trusted ({error.reason}): {SECURE}"
        except (KafkaError, OSError):
            continue  # nobody is there: an outage, not a refusal
        connection.close()
    return None


def _of_connection(options: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in options.items() if name != "bootstrap_servers"}
    return {**kept, "request_timeout_ms": 5000}
