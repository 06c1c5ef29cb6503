"""Report cards: a run for a school and a term, teachers' comments, incompletes, and cards frozen as known on a day.

Owns runs, comments and their translations, a teacher's own sayings, incompletes, frozen cards with their reissues, and a
family's statement. Leaves levels and growth to `proficiency`, pace to `plans`, and how a card looks to `pages`.
"""
