"""Figures about many: facts in files, metrics with one definition each, and the gate through which every figure leaves.

Owns snapshots (facts of one consistent read as Parquet), the columnar engine, the catalogue of metrics, estimates from
sums, and disclosure control. Leaves what a fact means to the package that declares it, each student's own numbers to
`science` and the domain packages, which figures stand together to `reports`, and pages to `pages`.

Only the modules that make snapshots and figures load the engine; `queries` reads what was released, without it.
"""
