"""The services: their names, packages and the prefix of their variables."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Service:
    """One service as a process: an ASGI factory."""

    name: str

    @property
    def package(self) -> str:
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        """The start of its variables: CUSTOMER_360 in CUSTOMER_360_PORT."""
        return self.package.upper()

    @property
    def port_variable(self) -> str:
        return f"{self.variable}_PORT"

    @property
    def url_variable(self) -> str:
        return f"{self.variable}_DATABASE_URL"

    @property
    def password_variable(self) -> str:
        return f"{self.variable}_DATABASE_PASSWORD"

    @property
    def factory(self) -> str:
        return f"{self.package}.app:create_app"


SERVICES = tuple(
    Service(name)
    for name in ("contacts", "pipeline", "service-desk", "campaigns", "customer-360", "webhooks")
)

CORE = tuple(service for service in SERVICES if service.name != "webhooks")
"""Those that tell the customer's story; webhooks only passes on what they say."""
