"""What a row becomes: tables, typed columns, custom fields.

`rows` makes the tables of a page, with `sides` for what a page tells beside its own rows, `columns`
and `values` for types, and `whole_sets` for what is gone. `arrow` makes the same tables faster.
"""
