"""What home and school say to one another: conferences with their agreements, the contact log, messages.

Owns what was agreed, noted and written, and who may read it. Leaves levels to `proficiency`, care and court restrictions to
`rosters`, and report cards to the package above.
"""
