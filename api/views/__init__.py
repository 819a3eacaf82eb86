"""The operations of version one, one module a subject matter."""
