"""One student's progress, growth, depth, pace and being on track: one file each, each with its definition.

Progress says how much of the required evidence is in, proficiency how good it is, pace how fast it comes,
growth how far the student has moved. The four are computed and explained apart.
"""
