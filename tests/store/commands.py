"""The command line in processes of its own, with no settings of the person who runs the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def environment(home: Path) -> dict[str, str]:
    mine = ("ADVISOR_", "XDG_", "NO_COLOR", "FORCE_COLOR")
    return {name: value for name, value in os.environ.items() if not name.startswith(mine)} | {"HOME": str(home)}


def advisor(folder: Path, *args: object, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs `advisor` in `folder`."""
    return subprocess.run(
        [sys.executable, "-m", "advisor", *map(str, args)],
        cwd=folder,
        env=environment(folder) | more,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
