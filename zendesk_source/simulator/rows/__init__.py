"""Rows with every key that the API sends."""
