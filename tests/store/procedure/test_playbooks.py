"""Versions of playbooks, and who put which of them into force when and why."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine

from models.errors import Conflict
from models.playbook import Playbook
from store.engine import reading, writing
from store.procedure import playbooks
from tests.builders import DAY, NOW, a_procedure
from tests.store.desk import import_order, open_case


def a_book(kind: str = "quality_fault", version: str = "1-aaa") -> Playbook:
    procedure = a_procedure(kind=kind, version=version)
    return Playbook.model_validate(
        {"kind": kind, "version": version, "names": {"zh": "质量问题", "en": "Faulty"}, "procedure": procedure}
    )


def _acts(engine: Engine, kind: str = "quality_fault") -> list[tuple[str | None, str | None, str, str]]:
    with reading(engine) as session:
        return [(act.before, act.after, act.by, act.reason) for act in playbooks.acts(session, kind)]


def test_a_set_that_is_seen_for_the_first_time_is_recorded_as_an_act_of_the_file(engine: Engine) -> None:
    with writing(engine) as session:
        playbooks.seen(session, [a_book(), a_book("wrong_item")], NOW)
    with reading(engine) as session:
        every = playbooks.acts(session)
    assert [(act.kind, act.before, act.after, act.by, act.at) for act in every] == [
        ("quality_fault", None, "1-aaa", "(file)", NOW),
        ("wrong_item", None, "1-aaa", "(file)", NOW),
    ]


def test_a_set_that_is_seen_again_is_no_act(engine: Engine) -> None:
    for _ in range(2):
        with writing(engine) as session:
            playbooks.seen(session, [a_book()], NOW)
    assert len(_acts(engine)) == 1


def test_a_file_that_changed_or_went_without_being_published_is_recorded_too(engine: Engine) -> None:
    for at, books in enumerate(([a_book()], [a_book(version="2-bbb")], [a_book("wrong_item")])):
        with writing(engine) as session:
            playbooks.seen(session, books, NOW + at * DAY)
    assert _acts(engine) == [
        (None, "1-aaa", "(file)", "seen in the folder"),
        ("1-aaa", "2-bbb", "(file)", "seen in the folder"),
        ("2-bbb", None, "(file)", "no longer in the folder"),
    ]


def test_what_is_published_names_who_and_why_and_is_not_recorded_again_when_its_file_is_seen(engine: Engine) -> None:
    with writing(engine) as session:
        playbooks.seen(session, [a_book()], NOW)
        playbooks.publish(session, a_book(version="2-bbb"), "wang.li", "repairs first: they cost least", NOW + DAY)
        playbooks.seen(session, [a_book(version="2-bbb")], NOW + 2 * DAY)
    assert _acts(engine)[1:] == [("1-aaa", "2-bbb", "wang.li", "repairs first: they cost least")]
    with reading(engine) as session:
        assert playbooks.in_force(session, "quality_fault") == "2-bbb"
        assert playbooks.get(session, "quality_fault", "2-bbb") == a_book(version="2-bbb").as_document()


def test_a_version_that_is_in_force_cannot_be_published(engine: Engine) -> None:
    with writing(engine) as session:
        playbooks.seen(session, [a_book()], NOW)
    with pytest.raises(Conflict, match="in force already"), writing(engine) as session:
        playbooks.publish(session, a_book(), "wang.li", "again", NOW)


def test_going_back_to_an_earlier_version_is_an_act_like_any_other(engine: Engine) -> None:
    for at, version in enumerate(("1-aaa", "2-bbb", "1-aaa")):
        with writing(engine) as session:
            playbooks.publish(session, a_book(version=version), "wang.li", f"change {at}", NOW + at * DAY)
    assert [after for _, after, _, _ in _acts(engine)] == ["1-aaa", "2-bbb", "1-aaa"]


def test_of_two_processes_that_see_a_new_set_at_once_one_records_it(engine: Engine) -> None:
    together, failed = Barrier(2), list[Exception]()

    def look() -> None:
        try:
            together.wait(10)
            with writing(engine) as session:
                playbooks.seen(session, [a_book()], NOW)
        except Exception as error:  # a thread's error would be lost
            failed.append(error)

    threads = [Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert failed == []
    assert len(_acts(engine)) == 1


def test_every_version_tells_how_many_cases_have_it(engine: Engine) -> None:
    order = import_order(engine)
    with writing(engine) as session:
        playbooks.seen(session, [a_book(version="1")], NOW)
        playbooks.publish(session, a_book(version="2"), "wang.li", "shorter clocks", NOW + timedelta(hours=1))
    open_case(engine, order)
    open_case(engine, order, {2: 1}, over={"state": "closed", "clocks": (), "closed_at": NOW})
    with reading(engine) as session:
        found = playbooks.used(session, "quality_fault")
    assert [(one.version, one.open_cases, one.cases) for one in found] == [("1", 1, 2), ("2", 0, 0)]


def test_nothing_is_in_force_before_anything_was_seen(engine: Engine) -> None:
    with reading(engine) as session:
        assert playbooks.in_force(session, "quality_fault") is None
        assert playbooks.used(session, "quality_fault") == ()
