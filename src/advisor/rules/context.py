"""Who owns a resource and which environment it belongs to, read from tags, account name and resource name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT = "project:"
"""Stands before labels of a project, among those of its resources."""

OWNER_KEYS = ("owner", "team", "squad", "contact", "maintainer", "cost_center", "costcenter", "project")
ENVIRONMENT_KEYS = ("env", "environment", "stage", "tier", "lifecycle")
PRODUCTION_WORDS = ("prod", "production", "prd", "live")
OTHER_WORDS = (
    "dev", "devel", "development", "test", "testing", "tst", "qa", "uat", "stage", "staging", "stg", "sandbox", "sbx",
    "demo", "poc", "lab", "preprod", "nonprod", "integration", "preview", "playground", "training",
)  # fmt: skip


NOT_PRODUCTION = "(^|[^a-z])(non|pre|not)[-_ ]?prod"
"""Names that say production only to deny it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRules:
    """Which tags name the owner and the environment, in order, and which words mean production or not."""

    owner_keys: tuple[str, ...] = OWNER_KEYS
    environment_keys: tuple[str, ...] = ENVIRONMENT_KEYS
    production_words: tuple[str, ...] = PRODUCTION_WORDS
    other_words: tuple[str, ...] = OTHER_WORDS

    @property
    def production_pattern(self) -> str:
        """A regular expression for names that say production."""
        return _words(self.production_words)

    @property
    def other_pattern(self) -> str:
        """A regular expression for names that say development, test and the like."""
        return _words(self.other_words)

    @cache  # noqa: B019 - a scan has one or two sets of rules, and they live as long as it does
    def environment_in(self, name: str) -> str | None:
        """'production', 'non-production' or None, from the words of a name. Other words win inside 'non-prod'."""
        text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
        if re.search(NOT_PRODUCTION, text):
            return "non-production"
        if re.search(self.production_pattern, text):
            return "production"
        return "non-production" if re.search(self.other_pattern, text) else None

    def name_of(self, tags: Mapping[str, str]) -> str | None:
        """The Name tag."""
        return _first(tags, ("name",))


def owner_of(tags: Mapping[str, str], rules: ContextRules) -> str | None:
    """The first owner tag that has a value."""
    return _first(tags, rules.owner_keys)


def environment_of(tags: Mapping[str, str], rules: ContextRules) -> str | None:
    """The environment that tags state; the Name tag counts where no environment tag does."""
    stated = _first(tags, rules.environment_keys)
    if stated is not None:
        return rules.environment_in(stated) or stated.lower()
    name = _first(tags, ("name",))
    return rules.environment_in(name) if name else None


@cache
def normalised(key: str) -> str:
    """A tag key as exports spell it in several ways: user:Cost-Center, user_cost_center, CostCenter → cost_center.

    >>> normalised("user:Cost-Center"), normalised("user_costCenter"), normalised("aws:createdBy")
    ('cost_center', 'cost_center', 'aws_created_by')
    """
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key)
    snake = re.sub(r"[^a-z0-9]+", "_", snake.lower()).strip("_")
    return snake.removeprefix("user_")


def _first(tags: Mapping[str, str], keys: tuple[str, ...]) -> str | None:
    # Labels of the project stand behind the resource's own: project:team is team where there is no other.
    ordered = sorted(tags.items(), key=lambda item: not item[0].startswith(PROJECT))
    by_key = {normalised(key.removeprefix(PROJECT)): value for key, value in ordered if value and value.strip()}
    return next((by_key[normalised(key)] for key in keys if normalised(key) in by_key), None)


def _words(words: tuple[str, ...]) -> str:
    return "(^|[^a-z])(" + "|".join(re.escape(w) for w in words) + ")[0-9]*([^a-z]|$)"
