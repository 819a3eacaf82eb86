"""What a load did, file by file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class FileReport:
    """How many rows of one file were new, were changed, or were there already."""

    file: str
    created: int = 0
    changed: int = 0
    same: int = 0

    @property
    def rows(self) -> int:
        return self.created + self.changed + self.same

    def __str__(self) -> str:
        return (
            f"{self.file}: {self.created:,} created, {self.changed:,} changed,"
            f" {self.same:,} left as they were"
        )


@dataclass(frozen=True, slots=True)
class LoadReport:
    """All files of a load; `is_check` says that nothing was kept."""

    files: tuple[FileReport, ...]
    is_check: bool
    subjects_to_score: int

    @property
    def created(self) -> int:
        return sum(file.created for file in self.files)

    @property
    def changed(self) -> int:
        return sum(file.changed for file in self.files)

    @property
    def same(self) -> int:
        return sum(file.same for file in self.files)

    def __getitem__(self, file: str) -> FileReport:
        return next(report for report in self.files if report.file == file)

    def __str__(self) -> str:
        width = max(len(report.file) for report in self.files)
        head = f"{'':{width}}  {'created':>10}  {'changed':>10}  {'left':>10}"
        rows = [
            f"{report.file:{width}}  {report.created:>10,}  {report.changed:>10,}"
            f"  {report.same:>10,}"
            for report in self.files
        ]
        return "\n".join([head, *rows, self._consequence()])

    def _consequence(self) -> str:
        if self.is_check:
            return "Checked only: nothing was written."
        if not self.subjects_to_score:
            return "No score is touched."
        count = self.subjects_to_score
        return f"{count:,} {'subject waits' if count == 1 else 'subjects wait'} to be scored anew."
