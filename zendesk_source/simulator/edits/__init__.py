"""What can happen to an account: edits, each with all that Zendesk would change."""
