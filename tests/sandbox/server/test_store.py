"""The store's laws."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notebook_provisioner.sandbox.server.store import Entry, Key, Store

NAMES = st.lists(st.text(alphabet="abc/-.é", min_size=1, max_size=6), unique=True, max_size=25)


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "state.sqlite3")
    yield opened
    opened.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(names=NAMES, size=st.integers(1, 7), ages=st.randoms(use_true_random=False))
def test_pages_give_everything_once_in_order(store, names, size, ages):
    with store.transaction():
        store.clear()
        entries = [
            Entry(Key("x", "projects/p/things", name), float(ages.randrange(5)), {"n": name})
            for name in names
        ]
        assert store.put_many(entries) == max(len(entries), 0) or not entries
    by_name, after = [], None
    while page := store.page("x", "projects/p/things", after=after, limit=size):
        by_name += page
        after = (page[-1].key.collection, page[-1].key.id)
    assert [entry.key.id for entry in by_name] == sorted(names, key=lambda name: name.encode())
    newest, position = [], None
    while page := store.newest("x", "projects/p/things", after=position, limit=size):
        newest += page
        position = (page[-1].created, page[-1].key.collection, page[-1].key.id)
    assert sorted(entry.key for entry in newest) == sorted(entry.key for entry in entries)
    assert [entry.created for entry in newest] == sorted((entry.created for entry in newest), reverse=True)


def test_a_transaction_is_all_or_nothing_and_nests(store):
    key, other = Key("x", "things", "a"), Key("x", "things", "b")

    def put_and_fail(where):
        with store.transaction():
            store.put(where, {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        put_and_fail(key)
    assert store.get(key) is None
    with store.transaction():
        store.put(key, {"kept": True})
        with pytest.raises(ZeroDivisionError):
            put_and_fail(other)
    assert (store.get(key), store.get(other)) == ({"kept": True}, None)


def test_a_change_keeps_the_creation_time(store):
    key = Key("x", "things", "a")
    store.put(key, {"v": 1}, created=7.0)
    store.put(key, {"v": 2})
    assert store.page("x", "things") == [Entry(key, 7.0, {"v": 2})]


def test_a_dash_stands_for_any_part(store):
    for place in (
        "projects/p/locations/a/things",
        "projects/p/locations/b/things",
        "projects/q/locations/a/things",
    ):
        store.put(Key("x", place, "t"), {})
    assert len(store.page("x", "projects/p/locations/-/things")) == 2
    assert len(store.page("x", "projects/-/locations/a/things")) == 2
    assert len(store.scan("x", "things", "projects/p/")) == 2


def test_effects_come_due_in_order(store):
    for due, name in ((3.0, "late"), (1.0, "first"), (1.0, "second")):
        store.schedule(due, name, {"n": name})
    assert store.next_due() == 1.0
    assert [store.take_due(2.0)[1], store.take_due(2.0)[1], store.take_due(2.0)] == ["first", "second", None]
