"""The addresses of the public pages."""

from headway.access.doors import Door

doors: list[Door] = []
