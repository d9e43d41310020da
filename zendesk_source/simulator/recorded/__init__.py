"""An example row of every stream that has no story of its own."""
