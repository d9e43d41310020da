"""The account behind a real socket: log-in, rate limits, faults."""
