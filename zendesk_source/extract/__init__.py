"""What to ask next: where each stream stands, and the walk that moves it on."""
