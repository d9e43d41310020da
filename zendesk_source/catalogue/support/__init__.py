"""The streams of Zendesk Support, a module a group."""
