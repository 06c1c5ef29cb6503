"""The addresses of the account pages."""

from headway.access.doors import ANYONE, SIGNED_IN, Door
from headway.pages.account import rule, sign_in

BOTH = frozenset({"GET", "HEAD", "POST"})
POST = frozenset({"POST"})

doors = [
    Door(
        "account/sign-in",
        sign_in.sign_in,
        "account.sign_in",
        ANYONE,
        "Whoever has an account may try to sign in.",
        methods=BOTH,
    ),
    Door(
        "account/sign-out",
        sign_in.sign_out,
        "account.sign_out",
        ANYONE,
        "Whoever is signed in may leave.",
        methods=POST,
    ),
    Door(
        "account/language",
        sign_in.language,
        "account.language",
        ANYONE,
        "Everyone reads in the language they choose.",
        methods=POST,
    ),
    Door(
        "account/rules/<int:version>",
        rule.rule,
        "account.rule",
        SIGNED_IN,
        "Whoever is told that a rule changes may read what it means.",
    ),
    Door(
        "account/",
        sign_in.account,
        "account.home",
        SIGNED_IN,
        "Everyone may see and change their own account.",
        methods=BOTH,
    ),
]
