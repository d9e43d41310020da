"""Keep personal values out of tables: which are meant, and what becomes of each."""
