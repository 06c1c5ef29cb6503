"""Scoring together: copies of work that say nothing of whose it is, blind rounds, what was agreed, what each rater may learn.

Owns anchors (copies with agreed levels and the reason), sessions with their raters and rounds, the private report of each
rater and the group's. Until a round is revealed nobody reads another's score, and who gave which score is never told. Leaves
tasks and rubrics to `tasks`, the ledger to `evidence`, which takes moderated scores, and all arithmetic to `science`. Here
nothing counts towards a level.
"""
