"""Questions before a load: what would come, and whether it would work."""
