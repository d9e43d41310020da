"""What a row becomes: tables, typed columns, custom fields.

`rows` makes the tables of a page. `sides` makes the rows of side tables, `columns` and `values`
decide on types, and `whole_sets` on rows that are gone. `arrow` makes the same tables faster.
"""
