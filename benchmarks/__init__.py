"""Measures what a load costs, next to parsing the same bytes and doing nothing with them."""
