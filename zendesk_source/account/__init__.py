"""One account, wherever its rows go: how to ask it, and what became of each stream."""
