"""Rows that are shown for one parent at a time: which to ask, and which refused or vanished."""
