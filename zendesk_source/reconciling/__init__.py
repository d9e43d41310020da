"""Is all of it there? Compare loaded tables with what Zendesk shows now, row by row.

What differs because it was changed after the last sync is told apart: the next sync brings it.
"""
