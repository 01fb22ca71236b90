"""Where exports come from, and how deliveries are recognised in what lies there."""
