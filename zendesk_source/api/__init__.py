"""How to ask: the one client every request goes through, and how each endpoint pages."""
