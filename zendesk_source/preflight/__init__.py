"""Questions before a load: would it work, how large is it, and what would its rows look like?"""
