"""Reports about many: which metrics stand together, by what they are told apart, and how they are read, printed and handed out.

Owns the list of reports, their release from a snapshot, the files they are handed out as, and sets of reports that come on
their day. Leaves what a metric is and what may be shown to `analytics`, lists of single students to `response` and `plans`,
that a set came to `notices`, and pages to `pages`.
"""
