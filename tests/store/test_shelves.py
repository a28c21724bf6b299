"""The small shelves: playbook versions, and what is personal."""

import pytest
from sqlalchemy import Engine

from models.errors import Conflict
from store import personal
from store.engine import reading, writing
from store.procedure import playbooks
from tests.builders import DAY, NOW
from tests.store.desk import import_order, open_case


def test_every_version_of_a_playbook_is_kept(engine: Engine) -> None:
    with writing(engine) as session:
        playbooks.put(session, "quality_fault", "2", {"names": {"zh": "质量问题"}}, NOW)
        playbooks.put(session, "quality_fault", "10", {"names": {"zh": "质量"}}, NOW + DAY)
        playbooks.put(session, "quality_fault", "2", {"names": {"zh": "质量问题"}}, NOW + DAY)
    with reading(engine) as session:
        assert playbooks.versions(session, "quality_fault") == ("2", "10")
        assert playbooks.get(session, "quality_fault", "2") == {"names": {"zh": "质量问题"}}
        assert playbooks.get(session, "quality_fault", "3") is None


def test_a_version_cannot_change_what_it_says(engine: Engine) -> None:
    with writing(engine) as session:
        playbooks.put(session, "complaint", "1", {"target": 1}, NOW)
    with writing(engine) as session, pytest.raises(Conflict, match="raise it"):
        playbooks.put(session, "complaint", "1", {"target": 2}, NOW)


def test_an_account_is_kept_under_a_reference_and_forgotten_with_its_case(engine: Engine) -> None:
    case = open_case(engine, import_order(engine))
    account = {"kind": "alipay", "account": "xiaoming@example.com", "real_name": "王小明"}
    with writing(engine) as session:
        personal.put(session, "ref-1", case.case_no, "account", {"account": "old"}, NOW)
        personal.put(session, "ref-1", case.case_no, "account", account, NOW)
        personal.put(session, "ref-2", case.case_no, "contact", {"phone": "139"}, NOW)
    with reading(engine) as session:
        assert personal.get(session, "ref-1") == account
        assert personal.get(session, "ref-9") is None
        assert personal.of_case(session, case.case_no, "account") == {"ref-1": account}
    with writing(engine) as session:
        assert personal.forget(session, case.case_no) == 2
    with reading(engine) as session:
        assert personal.of_case(session, case.case_no) == {}
