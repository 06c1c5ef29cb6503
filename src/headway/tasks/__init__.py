"""Performance tasks: what a student is asked to do so that a target can be seen, with the rubric it is rated by.

Owns the district's bank: tasks, their versions with criteria and descriptors, exemplars that adults made, the protocol by
which colleagues validate a task, and packs between districts. A published version is never changed. Leaves giving a task and
what students hand in to `evidence`, students' work with agreed levels to `calibration`, and what a level rests on to
`proficiency`. No record here is about a student.
"""
