"""The page's scripts are JavaScript that an engine can read, and name one another rightly."""

import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path

from tests.contracts.node import program

STATIC = Path(str(resources.files("customer_360.page"))) / "static"
_IMPORT = re.compile(r'^import \{ (?P<names>[^}]+) \} from "\./(?P<file>[^"]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?:async )?(?:const|function|class) (\$|\w+)", re.MULTILINE)


def test_the_scripts_of_the_page_parse(tmp_path: Path) -> None:
    scripts = sorted(STATIC.glob("*.js"))
    assert scripts
    for script in scripts:
        module = shutil.copy(script, tmp_path / f"{script.stem}.mjs")
        subprocess.run([program("node"), "--check", str(module)], check=True, timeout=30)


def test_what_a_script_imports_is_exported_and_used() -> None:
    texts = {script.name: script.read_text() for script in STATIC.glob("*.js")}
    exported = {name: set(_EXPORT.findall(text)) for name, text in texts.items()}
    for text in texts.values():
        for found in _IMPORT.finditer(text):
            names = set(found["names"].split(", "))
            assert names <= exported[found["file"]]
            rest = _IMPORT.sub("", text)
            assert {
                name for name in names if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", rest)
            } == set()
