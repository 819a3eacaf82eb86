"""What pages write for themselves; facts and definitions are written by projects and metrics."""
