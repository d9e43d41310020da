"""What the child events of a ticket event tell, as rows of tables."""
