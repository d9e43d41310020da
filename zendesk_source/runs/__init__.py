"""A sync from its first package to its last: the loop, its log, and starting anew."""
