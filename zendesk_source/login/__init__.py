"""The ways to log in: tokens, the file that keeps them, and their renewal."""
