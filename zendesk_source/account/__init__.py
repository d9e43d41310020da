"""One account as it is read, wherever its rows go: whom to ask, and what became of each stream."""
