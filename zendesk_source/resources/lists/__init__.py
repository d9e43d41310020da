"""Streams that are read whole: their versions, and what vanished or did not change."""
