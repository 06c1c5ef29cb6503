"""The addresses of the account pages."""

from headway.access.doors import ANYONE, AT_DEVICE, ON_DEVICE, SIGNED_IN, Door
from headway.pages.account import device, notices, rule, sign_in
from headway.pages.account.scope import class_device

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
        "account/notices",
        notices.notices,
        "account.notices",
        SIGNED_IN,
        "Everyone reads what they were told.",
    ),
    Door(
        "account/notices/settings",
        notices.settings,
        "account.notice_settings",
        SIGNED_IN,
        "Everyone chooses when they are told, of what, and where.",
        methods=BOTH,
    ),
    Door(
        "account/notices/address/<str:token>",
        notices.verify,
        "account.address",
        SIGNED_IN,
        "Whose address it is says so, by the link that went there.",
        scope=notices.linked,
        methods=BOTH,
    ),
    Door(
        "account/",
        sign_in.account,
        "account.home",
        SIGNED_IN,
        "Everyone may see and change their own account.",
        methods=BOTH,
    ),
    Door(
        "class-device",
        device.device,
        "device.home",
        ON_DEVICE,
        "On a device that a teacher opened, the children of its class sign in.",
        class_device,
        BOTH,
    ),
    Door(
        "class-device/done",
        device.done,
        "device.done",
        ON_DEVICE,
        "Whoever is at a class device may leave it to the next.",
        class_device,
        POST,
    ),
    Door(
        "class-device/work",
        device.work,
        "device.work",
        AT_DEVICE,
        "A child at a class device sees what is open for them in this class.",
        class_device,
    ),
    Door(
        "class-device/hand-in",
        device.hand_in,
        "device.hand_in",
        AT_DEVICE,
        "A child at a class device hands in their own work.",
        class_device,
        BOTH,
    ),
]
