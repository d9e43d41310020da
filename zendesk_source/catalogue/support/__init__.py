"""The streams of Zendesk Support, a module for each group."""
