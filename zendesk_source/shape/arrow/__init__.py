"""Pages to Arrow tables without a dict a row: faster, and equal to what the plain way makes."""
