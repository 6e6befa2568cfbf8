"""The page's script is JavaScript that an engine can read."""

import subprocess
from importlib import resources

from tests.contracts.node import program


def test_the_script_of_the_page_parses() -> None:
    script = resources.files("customer_360.page") / "static" / "page.js"
    subprocess.run([program("node"), "--check", str(script)], check=True, timeout=30)
