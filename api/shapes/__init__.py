"""What travels: the fields of every answer and of every request, and so the schema."""
