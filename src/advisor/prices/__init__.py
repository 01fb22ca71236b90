"""Instance shapes and dated on-demand prices: what sizes there are and how their prices relate."""
