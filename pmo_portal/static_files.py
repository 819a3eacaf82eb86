"""How static files are served in production: compressed, under names made of their content."""

from __future__ import annotations

from whitenoise.storage import (  # type: ignore[import-untyped]  # it has no stubs
    CompressedManifestStaticFilesStorage,
)


class PortalStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Also our modules, which import each other, do so by those names.

    So none is ever mixed with an older one out of somebody's cache. Only ours: Django's own way of
    doing this (support_js_module_import_aggregation) reads other people's files too, and stumbles.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        (
            "js/*.js",
            ((r"""(?P<matched>\bfrom "(?P<url>\./[\w./-]+\.js)";)""", 'from "%(url)s";'),),
        ),
    )
