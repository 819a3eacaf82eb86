"""The workspace folder: a whole portal as CSV files, read, checked, loaded and dumped."""

from metrics.workspace.dumping import dump_workspace
from metrics.workspace.loading import load_workspace
from metrics.workspace.problems import WorkspaceRefused
from metrics.workspace.report import FileReport, LoadReport

__all__ = ["FileReport", "LoadReport", "WorkspaceRefused", "dump_workspace", "load_workspace"]
