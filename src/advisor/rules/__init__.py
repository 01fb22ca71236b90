"""Checks and kinds: what is looked for, and how rows are judged."""
