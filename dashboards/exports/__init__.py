"""Tables to take away: typed columns and rows in, a file out; no request and no query.

- `table`: what a table is, and what none may be without.
- `csv_file`, `workbook`: how it is written.
- `scores`: the columns of scores, always all five with band and coverage.
- `charts`: the data table behind a chart.
- the others: the tables of the pages, one module per subject.
"""
