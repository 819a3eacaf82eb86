"""The rules of measuring, one place for every door: form, import, API, admin and workspace.

- `numbers`: a number as text.
- `curves`, `formulas`, `definitions`: metrics, scorecards, what is said of them; given facts.
- `measurements`: `MeasurementRules`, which checks values one by one or by the million.
- `dependence`: what may not change while measurements stand on it; asks the database.
"""
