"""Many accounts: which there are, one load of one of them, whose turn it is, and where it runs."""
