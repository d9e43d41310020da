"""Make rows of side tables from the child events of ticket events."""
