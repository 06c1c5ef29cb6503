"""What the evidence amounts to: policies as data, determinations by a stated rule, and a teacher's decision beside them.

A determination is a projection that can be rebuilt at any time from the ledger and the policies in force; its reasons
are computed on demand by the same kernel. Leaves the arithmetic to `science` and the evidence to `evidence`.
"""
