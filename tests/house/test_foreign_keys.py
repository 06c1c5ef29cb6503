"""Foreign keys point down the layers, and the name of a record is unique in the house."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.apps import apps
from django.db import models

from .house import rank


def own_records() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model.__module__.startswith("headway.")]


def package_of(model: type[models.Model]) -> str:
    return model.__module__.split(".")[1]


def links() -> Iterator[tuple[type[models.Model], str, type[models.Model]]]:
    for model in own_records():
        for field in [*model._meta.fields, *model._meta.many_to_many]:
            if field.is_relation and field.related_model is not None:
                yield model, field.name, field.related_model


def test_foreign_keys_point_down() -> None:
    found = list(links())
    assert len(found) > 10
    wrong = [
        f"{package_of(model)}.{model.__name__}.{name} → {package_of(other)}.{other.__name__}"
        for model, name, other in found
        if package_of(model) != package_of(other) and rank(package_of(other)) >= rank(package_of(model))
    ]
    assert not wrong, wrong


def test_access_names_people_and_objects_by_identifier_only() -> None:
    outward = [
        (model.__name__, name)
        for model, name, other in links()
        if package_of(model) == "access" and package_of(other) != "access"
    ]
    assert outward == []


def test_foreign_keys_stay_in_the_house() -> None:
    foreign = [
        (m.__name__, name) for m, name, other in links() if not other.__module__.startswith("headway.")
    ]
    assert foreign == []


def test_names_of_records_are_unique() -> None:
    twice = [name for name, n in Counter(model.__name__.lower() for model in own_records()).items() if n > 1]
    assert not twice


def test_every_record_says_what_a_row_is() -> None:
    silent = [
        model.__name__
        for model in own_records()
        if not model._meta.auto_created and (model.__doc__ or "").startswith(f"{model.__name__}(")
    ]
    assert not silent, f"say what one row is: {silent}"
