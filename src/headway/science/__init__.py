"""The science of the product: rules, uncertainty and metrics, pure and usable on its own.

Owns every number that a learner, a teacher or a district reads. Receives NumPy arrays and frozen dataclasses
and returns frozen dataclasses; "now" and the random generator are passed in. Leaves records, permissions,
clocks and files of standards to the packages above. Needs NumPy; compiles with numba only where very many
values are to be determined.
"""
