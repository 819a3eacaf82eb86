"""The full rescore as an analyst would write it in pandas; run by `make bench` in its own process.

    python bench/by_pandas.py postgres://… OUTPUT_TABLE

Reads all measurements into a frame, draws each one's score from its curve, fills months in which
a value is still in force, and rolls weighted means up from projects to engagements, segments,
portfolios and the organisation, by category and overall, into a table of the same database.
Simpler than SCORING.md (no ranges, no caps, no exemptions), so it is a floor, not a rival.
"""

from __future__ import annotations

import io
import resource
import sys
import time
from contextlib import closing

import numpy as np
import pandas as pd
import psycopg2

MEASUREMENTS = """
SELECT m.subject_id AS project, d.category, m.month, m.value, l.weight, d.grace_months, m.metric_id
FROM metrics_measurement m
JOIN metrics_metricdefinition d ON d.id = m.metric_id
JOIN metrics_scorecardline l ON l.metric_id = m.metric_id
"""
PROJECTS = "SELECT subject_ptr_id AS project, portfolio_id AS portfolio FROM projects_project"
ENGAGEMENTS = "SELECT project_id AS project, segment_id AS segment FROM projects_engagement"


def mean_by(frame: pd.DataFrame, keys: list[str], value: str, weight: str) -> pd.DataFrame:
    """The weighted mean of each group, and the weight behind it."""
    products = frame[value] * frame[weight]
    sums = frame.assign(product=products).groupby(keys, as_index=False)[["product", weight]].sum()
    sums["score"] = sums["product"] / sums[weight]
    return sums.drop(columns="product")


def in_force(frame: pd.DataFrame) -> pd.DataFrame:
    """Each value in its month, and faded in the months of grace that no newer value covers."""
    keys = ["project", "metric_id"]
    frame = frame.sort_values([*keys, "month"])
    following = frame.groupby(keys)["month"].shift(-1).fillna(frame["month"].max() + 1)
    held = np.minimum(following - frame["month"], frame["grace_months"] + 1).astype(int)
    repeated = frame.loc[frame.index.repeat(held)]
    age = repeated.groupby(level=0).cumcount()
    return repeated.assign(
        month=repeated["month"] + age,
        weight=repeated["weight"] * (1 - age / (repeated["grace_months"] + 1)),
    )


def overall_of(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The categories side by side, with their geometric mean."""
    wide = frame.pivot_table(index=keys, columns="category", values="score").reset_index()
    categories = [column for column in wide.columns if column not in keys]
    wide["overall"] = np.exp(np.log(wide[categories].clip(lower=1)).mean(axis=1))
    return wide


def main() -> None:
    address, table = sys.argv[1:]
    started = time.perf_counter()
    with closing(psycopg2.connect(address)) as connection:
        frame = pd.read_sql(MEASUREMENTS, connection)
        projects = pd.read_sql(PROJECTS, connection)
        engagements = pd.read_sql(ENGAGEMENTS, connection)
        read = time.perf_counter()

        frame["score"] = np.interp(frame["value"], [0, 40, 100], [0, 50, 100])
        frame = in_force(frame)
        by_project = mean_by(frame, ["project", "category", "month"], "score", "weight")
        by_project = by_project.merge(projects, on="project")
        served = by_project.drop(columns="portfolio").merge(engagements, on="project")
        levels = {
            "project": by_project.rename(columns={"project": "subject"}),
            "segment": mean_by(served, ["segment", "category", "month"], "score", "weight").rename(
                columns={"segment": "subject"}
            ),
            "portfolio": mean_by(
                by_project, ["portfolio", "category", "month"], "score", "weight"
            ).rename(columns={"portfolio": "subject"}),
        }
        levels["engagement"] = served.assign(
            subject=served["project"].astype(str) + "@" + served["segment"].astype(str)
        )
        levels["organisation"] = mean_by(
            levels["segment"], ["category", "month"], "score", "weight"
        ).assign(subject=0)
        whole = pd.concat(
            overall_of(level, ["subject", "month"]).assign(kind=kind)
            for kind, level in levels.items()
        )
        computed = time.perf_counter()

        rows = io.StringIO()
        whole.to_csv(rows, index=False, header=False)
        rows.seek(0)
        with connection.cursor() as cursor:
            columns = ", ".join(
                f'"{column}" {"text" if column in ("subject", "kind") else "double precision"}'
                for column in whole.columns
            )
            cursor.execute(f'DROP TABLE IF EXISTS "{table}"')
            cursor.execute(f'CREATE TABLE "{table}" ({columns})')
            cursor.copy_expert(f'COPY "{table}" FROM STDIN (FORMAT csv)', rows)
        connection.commit()
    ended = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{ended - started:.1f} {read - started:.1f} {computed - read:.1f} "
        f"{ended - computed:.1f} {peak} {len(whole)}"
    )


if __name__ == "__main__":
    main()
