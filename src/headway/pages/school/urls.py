"""The addresses of the school pages."""

from headway.access.doors import Door

doors: list[Door] = []
