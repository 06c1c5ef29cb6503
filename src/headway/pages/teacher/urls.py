"""The addresses of the teacher pages."""

from headway.access.doors import Door

doors: list[Door] = []
