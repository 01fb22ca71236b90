"""Reads cloud bills and says, resource by resource, what is idle, oversized or forgotten."""

__version__ = "0.1.0"
