"""How bytes come and go: connections, redirects, and the addresses that may be asked."""
