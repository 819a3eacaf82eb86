"""Metrics as pages show and edit them.

- `completeness`: how much of the latest period has come.
- `listing`: all metrics, filtered, sorted and paged.
- `detail`: one metric with everything that hangs on it.
- `values`: the values in force, with the scores that a curve would give them.
- `trial`: a formula tried on what is recorded.
"""
