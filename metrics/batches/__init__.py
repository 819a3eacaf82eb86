"""What becomes of an import's rows: judged, stored, kept as a report, undone.

- `judging`: one verdict for each row, by the same code for the check and for the import.
- `stored`, `shifts`: what the file's series hold already, and whether a table has slipped by one.
- `storing`: the accepted rows on their way to measurements and drafts.
- `rows`: the verdicts as they are kept with the batch.
- `undoing`: what was there before, row by row, unless it was changed since.
- `refused`, `neutral`: the refused rows as a file to mend and send again.
"""
