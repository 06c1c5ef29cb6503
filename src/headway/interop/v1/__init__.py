"""The product's own HTTP interface, version 1: ratings in, determinations and explanations out.

Its form is part of the surface that others rely on (`docs/reference/http.md`); errors always list row, field and value.
"""
