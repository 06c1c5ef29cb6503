"""Background work: a table of jobs, who works on one now, how far it is, and what went wrong.

Owns the queue and knows no kind of work: the packages above register what they want done. Leaves the loop that works, and the
process in which it runs, to `project`.
"""
