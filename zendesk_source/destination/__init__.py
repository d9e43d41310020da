"""What is particular about where rows go: limits, DuckDB's file and memory, state, failures."""
