"""The scoring engine: columns in, columns out. It knows numbers, not databases or people."""
