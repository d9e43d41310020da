"""Example rows of all streams whose rows do not follow from the story of the account."""
