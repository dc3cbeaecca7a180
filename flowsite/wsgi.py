"""The WSGI entry point for any server: ``granian --interface wsgi flowsite.wsgi:application``."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flowsite.settings")
application = get_wsgi_application()
