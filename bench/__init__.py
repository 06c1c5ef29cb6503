"""Benchmarks: figures with their machine's baseline of the same minute. Never part of a test run.

`web` is workload W1 (the web product), `rules` the rule lines of W2, `equity` gaps, growth and waiting times, `agreement`
agreement of raters at size, `scales` comparative judgement, generalizability and item bias, `facets` many-facet
measurement. Each prints one JSON line per figure.
"""
