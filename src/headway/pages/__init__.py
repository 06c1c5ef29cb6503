"""What people see, cut by who reads it: public, account, student, family, teacher, school, district.

A page parses its request, takes the time once, asks one question or does one act of a domain package, and fills a
template. Readers share `parts` and nothing else. Leaves every rule and every number to the packages below.
"""
