"""Files on their way in: cut off as soon as it is clear that they are too large."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.utils.translation import gettext as _

from metrics.importing.archives import size_text
from metrics.importing.files import too_large

FORM_AROUND_IT = 64 * 1024
"""What a form has beside its file: boundaries, its token, other fields."""


class LimitedUploadHandler(FileUploadHandler):
    """Keeps uploads in memory up to settings.IMPORT_MAX_BYTES, all files of a form together.

    What is larger is not read to its end: by the form's Content-Length before its first byte, or at
    the byte that goes beyond. The view finds no file, and `request.upload_refusal` says why.
    """

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self._left = settings.IMPORT_MAX_BYTES
        self._announced = 0
        self._content = BytesIO()

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, Any],  # noqa: N803  # as Django calls it
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        self._announced = content_length

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._content = BytesIO()
        if self._announced > settings.IMPORT_MAX_BYTES + FORM_AROUND_IT:
            self._refuse(too_large(self._announced, settings.IMPORT_MAX_BYTES))

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._left -= len(raw_data)
        if self._left < 0:
            most = size_text(settings.IMPORT_MAX_BYTES)
            self._refuse(
                _(
                    "The file is larger than %(most)s, the largest that is taken; send it in"
                    " parts, or save it as CSV with only the columns that are needed."
                )
                % {"most": most}
            )
        self._content.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        self._content.seek(0)
        return InMemoryUploadedFile(
            self._content,
            self.field_name,
            self.file_name or "file",
            self.content_type or "",
            file_size,
            self.charset,
            self.content_type_extra,
        )

    def _refuse(self, sentence: str) -> None:
        self._content = BytesIO()
        if self.request is not None:
            self.request.upload_refusal = sentence  # type: ignore[attr-defined]  # ours
        raise StopUpload(connection_reset=True)
