"""The addresses of the family pages."""

from headway.access.doors import Door

doors: list[Door] = []
