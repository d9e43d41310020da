"""Lists that are read whole: unchanged lists, vanished rows, and versions of rows."""
