"""The past of a generated account, decided by a seed."""
