"""Argon2id at m = 19 MiB, t = 2, p = 1: strong enough, and a login queue still drains on two cores."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2id(Argon2PasswordHasher):
    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
