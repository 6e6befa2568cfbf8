"""The whole system on one machine, without Docker: PostgreSQL, Kafka, mail sink and services.

For tests: `devstack.ephemeral.servers(folder)` and `devstack.ephemeral.system(folder)`, context
managers that give a `devstack.stack.Stack`. For people: the command `devstack`.
"""
