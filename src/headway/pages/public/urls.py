"""The addresses of the public pages."""

from headway.access.doors import ANYONE, Door
from headway.pages.public import continuum, scope

_WHY = "Families read what their school teaches without an account."

doors = [
    Door("continuum/", continuum.continuums, "public.continuums", ANYONE, _WHY),
    Door("continuum/<path:key>/", continuum.continuum, "public.continuum", ANYONE, _WHY, scope=scope.public),
]
