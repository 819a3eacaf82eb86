"""Metrics: what each number means, and the desk where definitions are kept."""
