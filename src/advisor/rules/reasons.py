"""Why a resource cannot be judged, and how closely: what the kinds and the sizing have in common."""

from __future__ import annotations

UNJUDGED = "unjudged"
"""Column in which a query itself says why a row cannot be judged."""

SHORT_HISTORY = "too little history"
NO_USAGE_LINES = "usage lines missing"
NO_PRICE = "no price to compare with"
NO_SAMPLES = "no utilisation data"
FEW_SAMPLES = "too few samples"
SHAPE_UNKNOWN = "shape unknown"

SAMPLED_SHARE = 0.8
"""Part of the billed hours of a window that must have samples before they speak for all of it."""

TOLERANCE = 1e-9
"""Relative: sums of doubles must not decide a case that sits exactly on a threshold."""
