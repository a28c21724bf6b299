"""Tokens: shown once, kept as a hash, and ended for good."""

import pytest
from sqlalchemy import Engine, select

from models import tables
from models.errors import NotFound
from models.lifecycle import Role
from store.engine import reading, writing
from store.people import tokens
from tests.builders import HOUR, NOW


def made(engine: Engine, may_act_for_others: bool = False) -> str:
    with writing(engine) as session:
        return tokens.create(session, "shop floor", [Role.WAREHOUSE, Role.AGENT], may_act_for_others, NOW)


def verified(engine: Engine, text: str) -> tokens.TokenInfo | None:
    with reading(engine) as session:
        return tokens.verify(session, text)


def test_a_token_names_its_roles(engine: Engine) -> None:
    info = verified(engine, made(engine, may_act_for_others=True))
    assert info is not None
    assert (info.name, info.roles, info.may_act_for_others) == (
        "shop floor",
        (Role.WAREHOUSE, Role.AGENT),
        True,
    )


def test_the_secret_is_nowhere_in_the_database(engine: Engine) -> None:
    secret = made(engine).rsplit("_", 1)[1]
    with reading(engine) as session:
        (row,) = session.execute(select(tables.tokens)).all()
    assert secret not in str(row)


SPOILT = ["", "act", "act_", "act__", "act_x_y", "🫖", "act_\0_y", "act_é_\ud800", "a" * 9999]


@pytest.mark.parametrize("spoilt", SPOILT)
def test_what_is_no_token_is_nobody(engine: Engine, spoilt: str) -> None:
    made(engine)
    assert verified(engine, spoilt) is None


def test_a_token_with_one_letter_changed_is_nobody(engine: Engine) -> None:
    text = made(engine)
    assert verified(engine, text[:-1] + ("0" if text[-1] != "0" else "1")) is None
    assert verified(engine, text + "0") is None
    assert verified(engine, text.replace("act_", "ACT_")) is None


def test_a_revoked_token_is_nobody_and_stays_so(engine: Engine) -> None:
    text = made(engine)
    info = verified(engine, text)
    assert info is not None
    with writing(engine) as session:
        tokens.revoke(session, info.id, NOW)
        tokens.revoke(session, info.id, NOW + HOUR)
    assert verified(engine, text) is None
    with reading(engine) as session:
        (kept,) = tokens.list(session)
    assert kept.revoked_at == NOW


def test_revoking_an_unknown_token_says_so(engine: Engine) -> None:
    with writing(engine) as session, pytest.raises(NotFound, match="abc"):
        tokens.revoke(session, "abc", NOW)


def test_the_last_use_is_noted(engine: Engine) -> None:
    text = made(engine)
    info = verified(engine, text)
    assert info is not None
    with writing(engine) as session:
        tokens.touch(session, info.id, NOW + HOUR)
    used = verified(engine, text)
    assert used is not None
    assert used.last_used_at == NOW + HOUR
