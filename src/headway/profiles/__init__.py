"""Who a learner is and what helps: the learner's profile, accommodations, modifications, the dated status of English learners,
consents.

Owns what is said about a student beside the evidence, who may read it and until when. An accommodation keeps the target and
counts; a modification is a target of its own, whose ratings the rule never sees. Leaves levels to `proficiency`, ratings to
`evidence`, the text of a plan of special education to the system that holds it, and a diagnosis to nobody here.
"""
