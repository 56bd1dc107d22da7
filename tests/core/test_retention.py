"""Laws of the retention rules. That they are restic's is shown in test_retention_restic.py."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebook_provisioner.core.retention import Policy, Span, apply

START = datetime(2020, 1, 1, tzinfo=UTC)
RULES = [field.name for field in fields(Policy)]
COUNTS = [rule for rule in RULES if "within" not in rule]

histories = st.lists(
    st.integers(0, 5 * 365 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes)),
    max_size=40,
    unique=True,
).map(lambda found: sorted(found, reverse=True))
spans = st.builds(Span, st.integers(0, 2), st.integers(0, 14), st.integers(0, 90), st.integers(1, 50))
rules = st.one_of(
    st.tuples(st.sampled_from(COUNTS), st.integers(1, 9)),
    st.tuples(st.sampled_from([rule for rule in RULES if rule not in COUNTS]), spans),
)
policies = st.dictionaries(st.sampled_from(RULES), st.none()).flatmap(
    lambda _: st.lists(rules, max_size=4).map(lambda chosen: Policy(**dict(chosen)))
)


def kept(moments, policy):
    return [moment for moment, why in zip(moments, apply(moments, policy), strict=True) if why]


@given(histories, policies, rules)
def test_another_rule_never_keeps_less(moments, policy, rule):
    name, value = rule
    if getattr(policy, name) is None:
        assert set(kept(moments, policy)) <= set(kept(moments, replace(policy, **{name: value})))


@given(histories, policies)
def test_what_was_kept_is_kept_again(moments, policy):
    once = kept(moments, policy)
    assert kept(once, policy) == once


@given(histories, policies, st.integers(-12, 12))
def test_the_zone_that_a_time_is_written_in_does_not_matter(moments, policy, hours):
    there = [moment.astimezone(timezone(timedelta(hours=hours))) for moment in moments]
    assert list(apply(there, policy)) == list(apply(moments, policy))


@given(histories, st.sampled_from(COUNTS), st.integers(1, 9))
def test_a_count_is_never_exceeded(moments, rule, count):
    assert len(kept(moments, Policy(**{rule: count}))) <= count


@given(histories)
def test_the_newest_is_kept_by_every_rule(moments):
    for rule in RULES if moments else ():
        value = 1 if rule in COUNTS else Span(hours=1)
        assert kept(moments, Policy(**{rule: value}))[:1] == moments[:1]


@pytest.mark.parametrize(
    ("policy", "days"),
    [
        (Policy(yearly=2), [300, 10]),
        (Policy(yearly=1), [300]),
        (Policy(monthly=9), [300, 270, 240, 205, 10]),
        (Policy(within_yearly=Span(days=200)), [300]),  # the oldest is out of the span
        (Policy(within_yearly=Span(days=400)), [300, 10]),
    ],
)
def test_what_is_left_of_a_count_keeps_the_oldest(policy, days):
    moments = [START + timedelta(days=day) for day in (300, 270, 240, 205, 10)]
    assert kept(moments, policy) == [START + timedelta(days=day) for day in days]


def test_an_empty_policy_keeps_nothing():
    assert Policy().is_empty
    assert kept([START], Policy()) == []


@pytest.mark.parametrize(
    ("text", "moment", "before"),
    [
        ("1m", "2025-03-31", "2025-03-03"),  # Go's AddDate: February has no 31st
        ("1y", "2024-02-29", "2023-03-01"),
        ("90d", "2025-03-31", "2024-12-31"),
        ("1y6m", "2025-01-15", "2023-07-15"),
        ("9999y", "2025-01-15", "0001-01-01"),
    ],
)
def test_a_span_reaches_back_as_in_restic(text, moment, before):
    assert Span.parse(text).before(datetime.fromisoformat(f"{moment}T00:00:00+00:00")) == (
        datetime.fromisoformat(f"{before}T00:00:00+00:00")
    )
    assert str(Span.parse(text)) == text


@pytest.mark.parametrize("text", ["9000y", "9999y", "120000m", "99999999999d", "99999999999999999999h"])
def test_a_span_past_the_last_year_reaches_to_its_end(text):
    after = Span.parse(text).after(START)
    assert after > datetime(9999, 12, 31, tzinfo=UTC)


@given(spans, st.datetimes(timezones=st.just(UTC)))
def test_a_span_reaches_forward_and_back_from_any_day(span, moment):
    assert span.before(moment) <= moment <= span.after(moment)


@pytest.mark.parametrize("text", ["", "1w", "d", "-1d", "1d1y", "1.5d"])
def test_what_is_no_span_is_said(text):
    with pytest.raises(ValueError, match="1y6m"):
        Span.parse(text)
