"""The portal for those who try it on their machine: development's settings without its error pages.

`manage.py portal` serves this one. Who mistypes an address is told so in our words, and not shown
the program's insides; `manage.py runserver` goes on showing them to developers.
"""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pmo_portal.settings")

if settings.DEBUG:
    settings.DEBUG = False
    # Static files are still found where they are written, and read again when they change.
    settings.WHITENOISE_USE_FINDERS = True
    settings.WHITENOISE_AUTOREFRESH = True

application = get_wsgi_application()
