"""Edits of an account, each with everything that Zendesk would change."""
