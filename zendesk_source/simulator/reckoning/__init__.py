"""What Zendesk makes of a ticket's events: metrics, service levels, breaches."""
