"""Laws of the storage service's pure parts, without a socket."""

import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebook_provisioner.sandbox.server.errors import ApiError
from notebook_provisioner.sandbox.server.services.storage import ranges
from notebook_provisioner.sandbox.server.services.storage.buckets import created, patched
from notebook_provisioner.sandbox.server.services.storage.catalog import State, Version
from notebook_provisioner.sandbox.server.services.storage.content import ContentStore
from notebook_provisioner.sandbox.server.services.storage.globs import glob_pattern
from notebook_provisioner.sandbox.server.services.storage.lifecycle import due_action
from notebook_provisioner.sandbox.server.services.storage.listing import Query, list_page
from notebook_provisioner.sandbox.server.services.storage.multipart import (
    MalformedMultipartError,
    RelatedReader,
)
from notebook_provisioner.sandbox.server.services.storage.preconditions import Preconditions

DAY = 86_400


def _pieces(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


def _related(end: bytes, metadata: bytes, media: bytes) -> bytes:
    head = (
        b"--B=",
        b"Content-Type: application/json",
        b"",
        metadata,
        b"--B=",
        b"Content-Type: text/x",
        b"",
        media,
    )
    return end.join((*head, b"--B=--", b""))


media_with_newlines = st.lists(
    st.sampled_from([b"\r\n", b"\n", b"\r", b"--", b"--B", b"x"]), max_size=20
).map(b"".join)


@given(
    end=st.sampled_from([b"\n", b"\r\n"]), media=media_with_newlines | st.binary(), size=st.integers(1, 64)
)
def test_multipart_gives_back_what_was_put_in_however_it_is_cut(end, media, size):
    reader = RelatedReader(
        "multipart/related; boundary='B='", _pieces(_related(end, b'{"name": "x"}', media), size)
    )
    assert reader.metadata() == b'{"name": "x"}'
    assert reader.media_type == "text/x"
    assert b"".join(reader.media()) == media


@given(cut=st.integers(1, 60))
def test_multipart_cut_short_is_malformed(cut):
    body = _related(b"\r\n", b"{}", b"media")[: -cut - len(b"--\r\n")]
    reader = RelatedReader("multipart/related; boundary=B=", [body])
    with pytest.raises(MalformedMultipartError):
        b"".join([reader.metadata(), *reader.media()])


@given(data=st.binary(max_size=50), first=st.integers(0, 60), last=st.integers(0, 60))
def test_slices_are_python_slices(data, first, last):
    try:
        part = ranges.requested_slice(f"bytes={first}-{last}", len(data))
    except ranges.UnsatisfiableRangeError:
        assert data[first : last + 1] == b""
    else:
        assert data[part.start : part.start + part.length] == data[first : last + 1] != b""


@dataclass
class _Shelf:
    names: list[str]

    def scan(self, cursor):
        for name in sorted(self.names):
            if (name, 1) > cursor:
                yield Version(0, State.LIVE, "", {"name": name, "generation": "1"})


names = st.text("ab/", min_size=1, max_size=6)


@given(
    found=st.lists(names, unique=True, max_size=30),
    prefix=st.text("ab/", max_size=2),
    delimiter=st.sampled_from(["", "/"]),
    limit=st.integers(1, 5),
    trailing=st.booleans(),
)
def test_pages_together_are_the_whole_list(found, prefix, delimiter, limit, trailing):
    shelf = _Shelf(found)
    query = Query(prefix=prefix, delimiter=delimiter, limit=limit, trailing_delimiter=trailing)
    objects, prefixes, token, first = [], [], None, True
    while first or token:
        page = list_page(query, token, shelf.scan)
        # An object that ends in its first delimiter may bring its prefix along.
        assert len(page.items) + len(page.prefixes) <= limit + trailing
        objects += [version.name for version in page.items]
        prefixes += page.prefixes
        token, first = page.token, False
    below = [name for name in sorted(found) if name.startswith(prefix)]
    cuts = {name: name.find("/", len(prefix)) + 1 if delimiter else 0 for name in below}
    assert prefixes == sorted({name[:cut] for name, cut in cuts.items() if cut})
    assert objects == [name for name, cut in cuts.items() if not cut or (trailing and cut == len(name))]


@pytest.mark.parametrize("token", ["x", "bnVsbA==", "WzFd"])
def test_foreign_page_tokens_are_refused(token):
    with pytest.raises(ValueError, match="pageToken"):
        list_page(Query(), token, _Shelf([]).scan)


@pytest.mark.parametrize(
    ("glob", "matching", "other"),
    [
        ("*.py", "a.py", "d/a.py"),
        ("**.py", "d/a.py", "a.pyc"),
        ("d/?.py", "d/a.py", "d/ab.py"),
        ("[a-c]x", "bx", "dx"),
        ("[!a-c]x", "dx", "bx"),
        ("{a,b/**}.md", "b/c/d.md", "c.md"),
        ("a.b", "a.b", "axb"),
        ("a}", "a}", "a"),
    ],
)
def test_globs(glob, matching, other):
    assert glob_pattern(glob).match(matching)
    assert not glob_pattern(glob).match(other)


@pytest.mark.parametrize("glob", ["[ab", "{a,b", "[z-a]"])
def test_unfinished_globs_are_refused(glob):
    with pytest.raises(ValueError, match=re.escape(glob)):
        glob_pattern(glob)


@pytest.mark.parametrize(
    ("condition", "live", "passes"),
    [
        ({}, (3, 2), True),
        ({"ifGenerationMatch": "3"}, (3, 2), True),
        ({"ifGenerationMatch": "4"}, (3, 2), False),
        ({"ifGenerationMatch": "0"}, None, True),
        ({"ifGenerationMatch": "0"}, (3, 2), False),
        ({"ifGenerationNotMatch": "0"}, (3, 2), True),
        ({"ifGenerationNotMatch": "3"}, None, False),
        ({"ifMetagenerationMatch": "2"}, (3, 2), True),
        ({"ifMetagenerationNotMatch": "2"}, (3, 2), False),
    ],
)
def test_preconditions(condition, live, passes):
    resource = dict(zip(("generation", "metageneration"), live, strict=True)) if live else None
    conditions = Preconditions.of(condition)
    if passes:
        conditions.check(resource)
    else:
        with pytest.raises(ApiError) as caught:
            conditions.check(resource)
        assert caught.value.http_status == 412


def test_uniform_access_is_one_setting_under_two_names():
    body = {"name": "b", "iamConfiguration": {"bucketPolicyOnly": {"enabled": True}}}
    bucket = created(body, project_number=1, generation=1, now=0)
    assert bucket["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"]
    off = {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": False}}}
    assert not patched(bucket, off, 1)["iamConfiguration"]["bucketPolicyOnly"]["enabled"]
    with pytest.raises(ApiError, match="locked time"):
        patched(bucket, off, 91 * DAY)


@pytest.mark.parametrize(
    ("condition", "due"),
    [
        ({"age": 10}, True),
        ({"age": 11}, False),
        ({"age": 1, "isLive": True}, False),
        ({"daysSinceNoncurrentTime": 3}, True),
        ({"daysSinceNoncurrentTime": 4}, False),
        ({"numNewerVersions": 2}, True),
        ({"numNewerVersions": 3}, False),
        ({"createdBefore": "1970-01-02"}, True),
        ({"matchesPrefix": ["logs/"]}, True),
        ({"matchesPrefix": [], "age": 1}, True),
        ({"matchesSuffix": [".txt"]}, False),
        ({"matchesStorageClass": ["NEARLINE"]}, False),
        ({"sizeAboveBytes": "4"}, True),
        ({"sizeBelowBytes": "5"}, False),
        ({"daysSinceCustomTime": 0}, False),
    ],
)
def test_lifecycle_conditions(condition, due):
    resource = {
        "name": "logs/a.log",
        "generation": "1",
        "size": "5",
        "storageClass": "STANDARD",
        "timeCreated": "1970-01-01T00:00:00.000Z",
        "timeDeleted": "1970-01-08T00:00:00.000Z",
    }
    version = Version(1, State.NONCURRENT, "", resource)
    colder = {"action": {"type": "SetStorageClass", "storageClass": "ARCHIVE"}, "condition": {"age": 0}}
    rules = [colder, {"action": {"type": "Delete"}, "condition": condition}]
    assert due_action(rules, version, 2, 10 * DAY)["type"] == ("Delete" if due else "SetStorageClass")


def test_contents_are_linked_joined_and_cut(tmp_path):
    store = ContentStore(tmp_path)
    key = store.create()
    with store.writing(key) as file:
        file.write(b"hello, ")
    twin = store.duplicate(key)
    store.delete(key)
    whole = store.concatenate([twin, twin])
    assert b"".join(store.read(whole)) == b"hello, hello, "
    assert b"".join(store.read(whole, 7, 5)) == b"hello"
    with store.writing(whole, 5) as file:
        file.write(b"!")
    assert store.describe(whole).size == 6
    assert store.describe(twin).crc32c == store.describe(store.duplicate(twin)).crc32c
