"""Loading a workspace folder: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from metrics.closed_months import ClosedMonths
from metrics.operations.locks import lock_out_measurements
from metrics.validation.dependence import stored_subjects
from metrics.validation.facts import MetricFacts, SubjectFacts
from metrics.validation.measurements import MeasurementRules
from metrics.workspace.checking import (
    Checks,
    broken_codes,
    fiscal_year_of,
    merged_metrics,
    merged_subjects,
)
from metrics.workspace.consequences import touched_by_definitions
from metrics.workspace.layout import FILE_NAMES, MEASUREMENTS, ORDER_OF_FILE, is_passed_by
from metrics.workspace.measurements import MeasurementLoad, Stored, Unjudged
from metrics.workspace.merging import FILES_WITH_SUBJECTS, Merged
from metrics.workspace.problems import Place, Problems, WorkspaceRefused
from metrics.workspace.report import FileReport, LoadReport
from metrics.workspace.staging import drop_staging_tables
from metrics.workspace.storing import store
from projects.validation import listed, listed_with_or, near_matches

Progress = Callable[[int, int], None]
"""Told how many bytes of the measurements have been read, and how many there are."""

Facts = TypeVar("Facts", MetricFacts, SubjectFacts)


def load_workspace(
    folder: Path,
    *,
    by: User | None = None,
    check: bool = False,
    progress: Progress | None = None,
) -> LoadReport:
    """Load a folder in one transaction; WorkspaceRefused if any row of it can't be loaded.

    With `check` the same is done and then undone, so that the report tells what would happen.
    """
    paths, strangers = _files_of(folder)
    with transaction.atomic():
        lock_out_measurements()
        load = _Load(folder, paths, by, progress or _ignore)
        for path in strangers:
            load.problems.add(Place(0, file=path.name), _unknown_file(path))
        report = load.run(is_check=check)
        if check:
            transaction.set_rollback(True)
    return report


def _ignore(done: int, total: int) -> None:
    pass


def _files_of(folder: Path) -> tuple[dict[str, Path], list[Path]]:
    """The files of the folder by name, and what does not belong there."""
    if not folder.exists():
        raise WorkspaceRefused([f"{folder}: There is no such folder."])
    if not folder.is_dir():
        raise WorkspaceRefused(
            [f"{folder}: This is no folder; a workspace is a folder of CSV files."]
        )
    entries = [path for path in sorted(folder.iterdir()) if not is_passed_by(path.name)]
    if not entries:
        raise WorkspaceRefused(
            [f"{folder}: The folder is empty; a workspace has {listed(FILE_NAMES)}."]
        )
    found = {path.stem: path for path in entries if path.name in FILE_NAMES and path.is_file()}
    strangers = [path for path in entries if path not in found.values()]
    return {name: found[name] for name in ORDER_OF_FILE if name in found}, strangers


def _unknown_file(path: Path) -> str:
    if near := near_matches(path.name, FILE_NAMES):
        return f"A workspace has no such file; did you mean {listed_with_or(near)}?"
    return f"A workspace has no such file; it has {listed((*FILE_NAMES, 'README.*'))}."


class _Load:
    """One load, step by step: definitions are merged, checked and stored, then measurements."""

    def __init__(
        self, folder: Path, paths: dict[str, Path], by: User | None, progress: Progress
    ) -> None:
        self.folder = folder
        self.paths = paths
        self.by = by
        self.progress = progress
        self.now: datetime = timezone.now()
        self.problems = Problems()

    def run(self, *, is_check: bool) -> LoadReport:
        spans_before = {subject.key: subject for subject in stored_subjects().values()}
        merged = Merged(self.problems)
        merged.overlay(self.paths)
        Checks(merged, spans_before).run()
        if not self.problems:
            store(merged, by=self.by, now=self.now)
        measurements = self._load_measurements(merged)
        self.problems.refuse()
        reports = [*_reports(merged), *_report_of(measurements)]
        if not any(report.rows for report in reports):
            raise WorkspaceRefused([f"{self.folder}: No file of the folder has a row."])
        touched = touched_by_definitions(merged)
        touched.update(measurements.touched if measurements else {})
        touched.mark()
        return LoadReport(tuple(reports), is_check, len(touched))

    def _load_measurements(self, merged: Merged) -> Stored | None:
        path = self.paths.get(MEASUREMENTS)
        if path is None:
            return None
        size = path.stat().st_size
        load = MeasurementLoad(
            path,
            rules=self._rules(merged),
            unjudged=_unjudged(merged),
            problems=self.problems,
            progress=lambda done: self.progress(done, size),
        )
        load.stage()
        if self.problems:
            load.check_staged()
            return None
        stored = load.store(by=self.by, now=self.now)
        drop_staging_tables()
        return stored

    def _rules(self, merged: Merged) -> MeasurementRules:
        metrics = _with_keys(merged_metrics(merged))
        subjects = _with_keys(merged_subjects(merged))
        return MeasurementRules(
            metrics={metric.code: metric for metric in metrics},
            subjects={subject.code: subject for subject in subjects},
            closed=ClosedMonths.read(),
            today=timezone.localdate(),
            fiscal_year_starts_in=fiscal_year_of(merged),
        )


def _with_keys(facts: Iterator[Facts]) -> Iterator[Facts]:
    """Rows that are not stored, because something is wrong, get numbers that no row has."""
    for number, fact in enumerate(facts, start=1):
        yield fact if fact.key else replace(fact, key=-number)


def _unjudged(merged: Merged) -> Unjudged:
    return Unjudged(
        metrics=broken_codes(merged.all("metrics")),
        subjects=frozenset(merged.contested),
        unknown_metrics="metrics" in merged.incomplete,
        unknown_subjects=bool(FILES_WITH_SUBJECTS & merged.incomplete),
    )


def _reports(merged: Merged) -> Iterator[FileReport]:
    for name, entries in merged.loaded.items():
        created = sum(entry.is_new for entry in entries)
        changed = sum(entry.is_changed for entry in entries)
        yield FileReport(f"{name}.csv", created, changed, len(entries) - created - changed)


def _report_of(stored: Stored | None) -> Iterator[FileReport]:
    if stored:
        yield FileReport(f"{MEASUREMENTS}.csv", stored.created, stored.changed, stored.same)
