"""Benchmarks: figures with their machine's baseline of the same minute. Never part of a test run.

`web` is workload W1 (the web product), `rules` the kernels of W2 in memory, `levels` the same from file to file beside
DuckDB's SQL, `figures` every metric at that size and R5, `equity` gaps, growth and waiting times, `agreement` agreement of
raters at size, `scales` comparative judgement, generalizability and item bias, `facets` many-facet measurement. Each prints
one JSON line per figure.
"""
