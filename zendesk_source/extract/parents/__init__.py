"""Rows that Zendesk shows for one parent at a time: which parents to ask, and which refused."""
