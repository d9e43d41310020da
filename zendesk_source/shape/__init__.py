"""What a row becomes: tables, typed columns, custom fields."""
