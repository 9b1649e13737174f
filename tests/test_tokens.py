from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from newsletter.tokens import AddressKeys, KeyRing, Purpose

RING = KeyRing({1: b"a" * 32, 2: b"b" * 32})


@given(st.integers(0, 2**64 - 1), st.sampled_from(Purpose))
def test_a_token_gives_its_id_back_for_its_purpose_alone(id_: int, purpose: Purpose) -> None:
    token = RING.sign(purpose, id_)
    assert len(token) <= 36
    assert RING.verify(purpose, token) == id_
    assert all(RING.verify(other, token) is None for other in Purpose if other is not purpose)


@given(st.text(max_size=60))
def test_what_a_stranger_types_is_no_token_and_no_error(text: str) -> None:
    assert RING.verify(Purpose.UNSUBSCRIBE, text) is None


@given(st.integers(0, 35), st.characters(codec="ascii", categories=["L", "N"]))
def test_one_changed_character_makes_it_void(place: int, sign: str) -> None:
    token = RING.sign(Purpose.PREFERENCES, 7)
    changed = token[:place] + sign + token[place + 1 :]
    verified = RING.verify(Purpose.PREFERENCES, changed)
    assert verified is None or (verified == 7 and changed[:-1] == token[:-1])  # unused bits of the last character


def test_old_keys_still_verify_and_the_newest_signs() -> None:
    old = KeyRing({1: b"a" * 32}).sign(Purpose.UNSUBSCRIBE, 5)
    assert RING.verify(Purpose.UNSUBSCRIBE, old) == 5
    assert KeyRing({1: b"a" * 32}).verify(Purpose.UNSUBSCRIBE, RING.sign(Purpose.UNSUBSCRIBE, 5)) is None


def test_many_ids_are_signed_as_one() -> None:
    sign = RING.signer(Purpose.UNSUBSCRIBE)
    assert sign(123) == RING.sign(Purpose.UNSUBSCRIBE, 123)


def test_address_keys_are_stable_and_keyed() -> None:
    assert AddressKeys(b"k").key("a@b.example") == AddressKeys(b"k").key("a@b.example")
    assert AddressKeys(b"k").key("a@b.example") != AddressKeys(b"l").key("a@b.example")
    assert AddressKeys(b"k").fingerprint != AddressKeys(b"l").fingerprint
