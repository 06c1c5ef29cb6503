"""The addresses of the student pages."""

from headway.access.doors import Door

doors: list[Door] = []
