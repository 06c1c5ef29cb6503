"""A school year played through the pages, day by day, and held against what every answer promised."""
