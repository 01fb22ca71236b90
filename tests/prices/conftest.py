"""Where the servers are, and an AWS environment that knows nothing of the machine's own."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

import botocore.loaders
import botocore.session
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials of account 123456789012 from the environment; no files, no proxies, no instance role."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "aws-credentials"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI-not-a-real-secret")
    # Every session parses boto3's service models anew, which takes longer than everything else here together.
    monkeypatch.setattr(botocore.session, "create_loader", _loader)


@cache
def _loader(search_path: str | None = None) -> botocore.loaders.Loader:
    return botocore.loaders.create_loader(search_path)
