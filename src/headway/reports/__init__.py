"""Ready reports: which metrics stand together, by what they are told apart, and how they are read, printed and handed out.

Owns the list of reports, their release from a snapshot, and the files they are handed out as. Leaves what a metric is and
what may be shown to `analytics`, lists of single students to `response` and `plans`, and pages to `pages`.
"""
