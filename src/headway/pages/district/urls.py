"""The addresses of the district pages."""

from headway.access.doors import Door

doors: list[Door] = []
