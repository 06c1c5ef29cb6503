"""Growth over time of many students, growth beside students with the same past, and waiting times.

Owns the models and their intervals. Leaves one student's own growth to `metrics`.
"""
