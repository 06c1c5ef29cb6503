"""What a page says when an act between home and school, or on report cards, is refused: in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from headway.kit.refusals import Refusal


def said(refusal: Refusal) -> str:
    """Return the sentence for a refusal; one that this page did not expect says what its package says."""
    return {
        "day_ahead": _("That day has not been yet: note a contact when it has been."),
        "day_outside_term": _("Give a day from the first day of the term to today."),
        "day_passed": _("Give a day after today by which it is decided."),
        "frozen_on_another_day": _("This run is frozen already. To correct a card, issue it again."),
        "key_conflict": _(
            "This form was already sent with other words. Open the page again and write it once more."
        ),
        "name_missing": _("Say who it was: a name is missing."),
        "no_students": _("The school has no students on that day."),
        "no_such_card": _("This card was not issued yet."),
        "no_such_agreement": _("There is no such open agreement."),
        "no_such_incomplete": _("There is no such open incomplete."),
        "no_such_message": _("There is no such message of yours."),
        "no_such_person": _("There is nobody of that name here."),
        "nothing_changed": _("Nothing has changed, so there is nothing to record."),
        "owner_unknown": _("Choose an adult of the school who looks after it."),
        "reason_missing": _("Say why: the reason is shown with it."),
        "text_missing": _("Some words are missing: write what it was about."),
        "text_too_long": _("The text is too long. Shorten it and save again."),
        "too_late": _("It was read, or ten minutes have passed. Write another message instead."),
        "too_many": _(
            "That is more than fits here. Wait an hour with messages, or take something away first."
        ),
        "unknown_area": _("Choose one of the areas."),
        "unknown_term": _("Choose one of the terms."),
        "unknown_word": _("Choose one of the answers that the form offers."),
    }.get(refusal.code, refusal.message)
