"""The server's entry. Importing it checks that commits are durable and loads everything that a first page needs."""

from __future__ import annotations

import gc
import os

import numpy.ma
import numpy.random  # noqa: F401  numpy loads both at the first use
from django.core.wsgi import get_wsgi_application
from django.template.loader import get_template
from django.urls import get_resolver

from headway.science.proficiency import registry

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "headway.project.settings")
application = get_wsgi_application()
# Here, once, and not half a second of each worker's first page.
_ = get_resolver().url_patterns, get_template("pages/parts/base.html"), registry.rules()
# A page makes tens of thousands of short-lived tuples; to look for cycles among them after every 700 costs a tenth of its time.
gc.set_threshold(20_000, 10, 10)
