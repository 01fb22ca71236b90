"""Every case of every shipped check: what must fire fires, what must stay quiet stays quiet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from advisor import store
from advisor.rules import cases, catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

CHECKS = catalogue.shipped_checks()


@pytest.fixture(scope="module")
def con() -> Iterator[DuckDBPyConnection]:
    with store.scratch() as connection:
        yield connection


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_cases(con: DuckDBPyConnection, check: catalogue.Check) -> None:
    results = cases.run_cases(con, check)
    assert len(results) >= 5
    assert [(r.name, r.failures) for r in results if r.failures] == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_cases_cover_what_every_check_must_show(check: catalogue.Check) -> None:
    assert cases.coverage_gaps(check) == []


def test_checks_overrule_checks_that_exist() -> None:
    known = {check.id for check in catalogue.shipped_checks()}
    overruled = [(check.id, other) for check in catalogue.shipped_checks() for other in check.overrules]
    assert len(overruled) > 10
    assert [pair for pair in overruled if pair[1] not in known or pair[0] == pair[1]] == []
