"""What was seen and who said so: pieces of work, and the append-only ledger of ratings.

Every rating is an event in one gapless, hash-chained sequence; its content is a salted payload that can be erased
without breaking the chain. `Rating` is a projection of the ledger in which each row holds for a span of sequences, so
that the past can be asked for as it was known. Leaves to `proficiency` what the ratings amount to.
"""
