"""The colours of static/css/tokens.css, for figures that leave the browser.

A figure names colours by role, `var(--green)`; the page resolves them from the style sheet and
`dashboards.figures.theme.resolved` from here. A test keeps the two equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Theme = Literal["light", "dark"]

FONT = (
    '"Inter", system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", '
    "Arial, sans-serif"
)

LIGHT: Mapping[str, str] = {
    "page": "#f6f7f9",
    "surface": "#ffffff",
    "sunken": "#f0f2f5",
    "hover": "#eceff3",
    "line": "#e2e5ea",
    "line-strong": "#868e9b",
    "ink": "#161a22",
    "muted": "#4d5665",
    "faint": "#646d7c",
    "accent": "#3551cf",
    "accent-ink": "#ffffff",
    "accent-soft": "#e9edfd",
    "green": "#0a8873",
    "green-ink": "#066354",
    "green-soft": "#d8f1ec",
    "amber": "#b87700",
    "amber-ink": "#7a4c00",
    "amber-soft": "#fdeec8",
    "red": "#c9372c",
    "red-ink": "#9c241b",
    "red-soft": "#fbdcd5",
    "insufficient": "#76808f",
    "insufficient-ink": "#4d5665",
    "insufficient-soft": "#e9ecf0",
    "heat-green-1": "#e0f3f1",
    "heat-green-2": "#c3e8e4",
    "heat-green-3": "#a2dad5",
    "heat-amber-1": "#fdf0c4",
    "heat-amber-2": "#fbdf8a",
    "heat-red-1": "#f9cfc6",
    "heat-red-2": "#f2ac9f",
    "heat-red-3": "#e98c7c",
    "heat-insufficient": "#eceff3",
    "rise": "#2f5fd0",
    "fall": "#a8500f",
    "grid": "#e8eaee",
    "range": "#d5def8",
    "range-line": "#9db0ea",
    "category-tactical": "#2f5fd0",
    "category-value-creation": "#8c2f86",
    "category-longevity": "#1593b5",
    "category-financial": "#4d5665",
}

DARK: Mapping[str, str] = {
    "page": "#0d1015",
    "surface": "#151920",
    "sunken": "#10141a",
    "hover": "#1f252e",
    "line": "#272e39",
    "line-strong": "#6b7585",
    "ink": "#e9ecf1",
    "muted": "#aab3c1",
    "faint": "#8b95a5",
    "accent": "#93a6ff",
    "accent-ink": "#0d1015",
    "accent-soft": "#1f2850",
    "green": "#2fbfa5",
    "green-ink": "#83e3d2",
    "green-soft": "#0d3632",
    "amber": "#e3a52f",
    "amber-ink": "#f6cf82",
    "amber-soft": "#3b2c0c",
    "red": "#f0705f",
    "red-ink": "#ffb1a7",
    "red-soft": "#47201c",
    "insufficient": "#8b95a5",
    "insufficient-ink": "#aab3c1",
    "insufficient-soft": "#242b35",
    "heat-green-1": "#0f302f",
    "heat-green-2": "#0f4744",
    "heat-green-3": "#0f605b",
    "heat-amber-1": "#473610",
    "heat-amber-2": "#64490c",
    "heat-red-1": "#5a2823",
    "heat-red-2": "#7d352c",
    "heat-red-3": "#9f4236",
    "heat-insufficient": "#1f252e",
    "rise": "#7b9dff",
    "fall": "#f0a15e",
    "grid": "#232a34",
    "range": "#1d2a52",
    "range-line": "#43589d",
    "category-tactical": "#7b9dff",
    "category-value-creation": "#d474c0",
    "category-longevity": "#6ad6f0",
    "category-financial": "#b4bcc8",
}

PALETTES: Mapping[Theme, Mapping[str, str]] = {"light": LIGHT, "dark": DARK}
