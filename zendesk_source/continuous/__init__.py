"""A sync that keeps running: rounds, which streams each of them asks, and how it fares."""
