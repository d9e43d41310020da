"""Read the lists that fill a stream's tables where Zendesk refuses its export."""
