"""Joins packages that must not know each other: called once when the application is ready."""

from __future__ import annotations

from datetime import date


def connect() -> None:
    """Register what lower packages ask of higher ones: what stands in the way of taking an import back, what
    follows a person who is merged, which ratings do not fit a modification, from which age rights are the student's, on
    which scale a target is rated, and who validates a task.
    """
    from headway.calibration import actions as calibrating
    from headway.calibration import queries as calibration
    from headway.contact import actions as contacting
    from headway.contact import queries as contact
    from headway.evidence import queries as evidence
    from headway.frameworks import actions as frameworks
    from headway.notices import actions as noticing
    from headway.plans import actions as planning
    from headway.plans import queries as plans
    from headway.proficiency import actions as proficiency
    from headway.proficiency import queries as levels
    from headway.profiles import actions as telling
    from headway.profiles import queries as profiles
    from headway.report_cards import actions as card_acts
    from headway.report_cards import queries as report_cards
    from headway.rights import actions as right_acts
    from headway.rights import queries as rights
    from headway.rosters import actions as rosters
    from headway.tasks import actions as tasking
    from headway.tasks import queries as tasks

    frameworks.register_blocker(evidence.in_the_way_of)
    frameworks.register_blocker(plans.in_the_way_of)
    rosters.register_blocker(lambda run: plans.in_the_way_of_people(rosters.made_by(run, "Person")))
    rosters.register_blocker(lambda run: evidence.in_the_way_of_people(rosters.made_by(run, "Person")))
    rosters.register_blocker(
        lambda run: (
            evidence.in_the_way_of_year(
                title=run.name, starts_on=date.fromisoformat(run.counts["starts_on"]), since=run.at
            )
            if run.kind == "year-roll"
            else []
        )
    )
    rosters.register_follower(proficiency.follow)
    rosters.register_follower(planning.follow)
    rosters.register_follower(contacting.follow)
    rosters.register_follower(card_acts.follow)
    rosters.register_follower(telling.follow)
    rosters.register_follower(right_acts.follow)
    rosters.register_majority(lambda: rights.majority(levels.remembered_book()))
    proficiency.register_check(profiles.faults)
    tasks.register_scale(levels.scale_of)
    tasks.register_team(levels.validation_team)
    frameworks.register_blocker(tasks.in_the_way_of)
    rosters.register_blocker(lambda run: tasks.in_the_way_of_people(rosters.made_by(run, "Person")))
    rosters.register_follower(tasking.follow)
    rosters.register_follower(calibrating.follow)
    rosters.register_blocker(lambda run: calibration.in_the_way_of_people(rosters.made_by(run, "Person")))
    rosters.register_follower(noticing.follow)
    rosters.register_blocker(lambda run: contact.in_the_way_of_people(rosters.made_by(run, "Person")))
    rosters.register_blocker(lambda run: profiles.in_the_way_of_people(rosters.made_by(run, "Person")))
    rosters.register_blocker(lambda run: rights.in_the_way_of_people(rosters.made_by(run, "Person")))
    rosters.register_blocker(lambda run: report_cards.in_the_way_of_people(rosters.made_by(run, "Person")))
