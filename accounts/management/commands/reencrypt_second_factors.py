"""After SECRET_KEY was changed: the secrets of second factors by the new one."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.operations.second_factor import reencrypt_second_factors


class Command(BaseCommand):
    help = (
        "Encrypts the secrets of second factors by today's SECRET_KEY. Afterwards the secrets in"
        " SECRET_KEY_FALLBACKS are not needed for them any more."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done, lost = reencrypt_second_factors()
        self.stdout.write(f"{done} encrypted by the SECRET_KEY of today.")
        if lost:
            raise CommandError(
                f"No secret that is known reads those of {', '.join(sorted(set(lost)))}. Add the"
                " secret of then to SECRET_KEY_FALLBACKS, or remove their second factors on the"
                " admin site."
            )
