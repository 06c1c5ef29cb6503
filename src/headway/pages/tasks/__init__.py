"""The bank of performance tasks: teachers, advisors, coaches, leaders and the district find, write and judge tasks here."""
