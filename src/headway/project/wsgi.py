"""The server's entry. Importing it checks that commits are durable and loads everything that a first page needs."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "headway.project.settings")
application = get_wsgi_application()
