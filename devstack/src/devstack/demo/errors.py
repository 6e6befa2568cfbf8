"""What stops the demo: an outage that lasts, or a system that does not do what it should."""

from devstack.errors import DevstackError


class DemoError(DevstackError):
    """The demo cannot go on; the message says what was expected and what was seen."""


class RefusedError(DemoError):
    """A service refused a request that the demo has a right to make."""

    def __init__(self, method: str, url: str, status: int, answer: str) -> None:
        self.status = status
        super().__init__(f"{method} {url} answered {status}: {answer[:500]}")


class NeverError(DemoError):
    """Something that should happen by itself did not within its time."""

    def __init__(self, what: str, seconds: float, last: object) -> None:
        seen = f"; last seen: {last}" if last is not None else ""
        super().__init__(f"Waited {seconds:.0f} s in vain: {what}{seen}.")
