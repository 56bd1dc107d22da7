"""Objects through google-cloud-storage and plain HTTP: versions, uploads, downloads, copies."""

import base64
import hashlib
import io
import os

import google_crc32c
import pytest
from google.api_core import exceptions
from google.cloud.storage.retry import DEFAULT_RETRY

pytestmark = pytest.mark.network

DAY = 86_400
UNIT = 256 * 1024
SESSION = "/upload/storage/v1/b/main-bucket/o?uploadType=resumable&name=big.bin"


@pytest.fixture
def client(sandbox):
    return sandbox.storage()


@pytest.fixture
def bucket(client):
    return client.create_bucket("main-bucket")


@pytest.fixture
def versioned(client):
    bucket = client.bucket("versioned-bucket")
    bucket.versioning_enabled = True
    return client.create_bucket(bucket)


def test_upload_measures_the_content(bucket):
    data = b"lock removed\n"
    blob = bucket.blob("scripts/post startup#1.sh")
    blob.metadata = {"owner": "dana"}
    blob.upload_from_string(data, content_type="text/x-shellscript")
    blob.reload()
    assert blob.size == len(data)
    assert blob.md5_hash == base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
    assert base64.b64decode(blob.crc32c) == google_crc32c.value(data).to_bytes(4, "big")
    assert (blob.content_type, blob.metadata) == ("text/x-shellscript", {"owner": "dana"})
    assert blob.id == f"main-bucket/scripts/post startup#1.sh/{blob.generation}"
    assert blob.download_as_bytes() == data


@pytest.mark.parametrize("size", [0, 1, UNIT, 9 * 1024 * 1024 + 7])
def test_files_of_every_size_survive_upload_and_download(bucket, tmp_path, size):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(size))
    bucket.blob("file").upload_from_filename(
        source, checksum="crc32c"
    )  # above 8 MiB the client's own choice: resumable
    bucket.blob("file").download_to_filename(target, checksum="crc32c")
    assert target.read_bytes() == source.read_bytes()


def test_resumable_upload_in_chunks(bucket):
    data = os.urandom(3 * UNIT + 11)
    blob = bucket.blob("chunked", chunk_size=UNIT)
    blob.upload_from_file(io.BytesIO(data), size=len(data))
    assert blob.download_as_bytes() == data


def test_stream_of_unknown_size(bucket):
    with bucket.blob("written").open("wb", chunk_size=UNIT) as writer:
        for _ in range(5):
            writer.write(b"x" * 100_000)
    assert bucket.get_blob("written").size == 500_000
    with bucket.blob("written").open("rb", chunk_size=UNIT) as reader:
        reader.seek(499_990)
        assert reader.read() == b"x" * 10


def _begin(sandbox, metadata=None, **headers):
    status, answer, _ = sandbox.request("POST", SESSION, metadata or {}, headers)
    assert status == 200
    return answer["location"].removeprefix(sandbox.url)


def test_interrupted_session_tells_what_arrived_and_goes_on(bucket, sandbox):
    data = os.urandom(2 * UNIT + 5)
    session = _begin(sandbox)
    status, headers, _ = sandbox.request("PUT", session, b"", {"Content-Range": "bytes */*"})
    assert (status, headers.get("range")) == (308, None)
    # Google keeps whole 256 KiB units only: the 5 bytes behind the second one are lost.
    status, headers, _ = sandbox.request(
        "PUT", session, data, {"Content-Range": f"bytes 0-{len(data) - 1}/*"}
    )
    assert (status, headers["range"]) == (308, f"bytes=0-{2 * UNIT - 1}")
    last = {"Content-Range": f"bytes {2 * UNIT}-{len(data) - 1}/{len(data)}"}
    status, _, answer = sandbox.request("PUT", session, data[2 * UNIT :], last)
    assert status == 200
    assert bucket.blob("big.bin").download_as_bytes() == data
    # A client that lost the answer asks again, and gets the object.
    again = sandbox.request("PUT", session, b"", {"Content-Range": f"bytes */{len(data)}"})
    assert (again[0], again[2]) == (200, answer)


@pytest.mark.usefixtures("bucket")
def test_session_answers_without_308_where_asked(sandbox):
    session = _begin(sandbox)
    headers = {"Content-Range": "bytes */*", "X-GUploader-No-308": "yes"}
    status, answer, _ = sandbox.request("PUT", session, b"", headers)
    assert (status, answer["x-http-status-code-override"]) == (200, "308")


@pytest.mark.usefixtures("bucket")
def test_cancelled_session_is_gone(sandbox):
    session = _begin(sandbox)
    assert sandbox.request("DELETE", session)[0] == 499
    assert sandbox.request("PUT", session, b"x")[0] == 404


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"Content-Range": "bytes 5-6/7"}, "begins at byte 5"),
        ({"Content-Range": "0-1/2"}, "Content-Range '0-1/2'"),
        ({"Content-Range": "bytes 0-1/1"}, "2 bytes arrived for an object of 1"),
        ({"X-Goog-Hash": "crc32c=AAAAAA=="}, "doesn't match calculated CRC32C"),
        ({"X-Goog-Hash": "md5=AAAA"}, "doesn't match calculated MD5"),
    ],
)
@pytest.mark.usefixtures("bucket")
def test_wrong_chunks_are_refused(sandbox, headers, message):
    status, _, body = sandbox.request("PUT", _begin(sandbox), b"ab", headers)
    assert (status, message in body.decode()) == (400, True), body


@pytest.mark.usefixtures("bucket")
def test_declared_length_must_hold(sandbox):
    session = _begin(sandbox, **{"X-Upload-Content-Length": "3"})
    status, _, body = sandbox.request("PUT", session, b"ab", {"Content-Range": "bytes 0-1/2"})
    assert (status, b"declared 3 bytes" in body) == (400, True)


def test_session_survives_a_failed_precondition_as_gone(bucket, sandbox):
    session = _begin(sandbox)
    bucket.blob("big.bin").upload_from_string("first")
    path = f"{SESSION}&ifGenerationMatch=0"
    assert sandbox.request("POST", path, {})[0] == 412
    assert sandbox.request("PUT", session, b"second")[0] == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"no boundary at all", "ends before its closing boundary"),
        (b"--B\n\n{}\n--B\n\nmedia\n--B\n\nmore\n--B--", "found a third"),
        (b"--B\n\n{nonsense\n--B\n\nmedia\n--B--", "Invalid JSON payload"),
        (b'--B\n\n{"naem": "x"}\n--B\n\nmedia\n--B--', "naem"),
    ],
)
@pytest.mark.usefixtures("bucket")
def test_malformed_multipart_is_refused(sandbox, body, message):
    path = "/upload/storage/v1/b/main-bucket/o?uploadType=multipart"
    headers = {"Content-Type": "multipart/related; boundary='B'"}
    status, _, answer = sandbox.request("POST", path, body, headers)
    assert (status, message in answer.decode()) == (400, True), answer


def test_generation_preconditions(bucket):
    blob = bucket.blob("state")
    blob.upload_from_string("1", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        blob.upload_from_string("2", if_generation_match=0)
    first = blob.generation
    blob.upload_from_string("2", if_generation_match=first)
    with pytest.raises(exceptions.PreconditionFailed):
        blob.delete(if_generation_match=first)
    blob.delete(if_generation_match=blob.generation)
    with pytest.raises(exceptions.PreconditionFailed):
        blob.upload_from_string("3", if_generation_match=first)


def test_not_modified(bucket, sandbox):
    blob = bucket.blob("cached")
    blob.upload_from_string("x")
    path = f"/storage/v1/b/main-bucket/o/cached?ifGenerationNotMatch={blob.generation}"
    assert sandbox.request("GET", path)[0] == 304


def test_metadata_changes_count(bucket):
    blob = bucket.blob("tagged")
    blob.metadata = {"a": "1", "b": "2"}
    blob.upload_from_string("x")
    generation = blob.generation
    blob.metadata = {"a": None, "c": "3"}
    blob.patch(if_metageneration_match=1)
    blob.reload()
    assert (blob.metadata, blob.metageneration, blob.generation) == ({"b": "2", "c": "3"}, 2, generation)
    blob.metadata = {"only": "this"}
    blob.update()
    assert blob.metadata == {"only": "this"}


def test_ranges(bucket, sandbox):
    bucket.blob("letters").upload_from_string("abcdefghij", content_type="text/plain")
    blob = bucket.blob("letters")
    assert blob.download_as_bytes(start=2, end=4) == b"cde"
    path = "/download/storage/v1/b/main-bucket/o/letters?alt=media"
    for asked, status, expected in (
        ("bytes=-3", 206, b"hij"),
        ("bytes=8-100", 206, b"ij"),
        ("bytes=0-1,4-5", 200, b"abcdefghij"),
        ("bytes=10-", 416, None),
    ):
        actual, headers, body = sandbox.request("GET", path, headers={"Range": asked})
        assert actual == status, asked
        if expected is not None:
            assert (body, headers["content-type"]) == (expected, "text/plain")
    media = sandbox.request("GET", "/storage/v1/b/main-bucket/o/letters?alt=media")
    assert (media[0], media[2]) == (200, b"abcdefghij")


def test_listing_folders_offsets_and_globs(bucket, client):
    for name in ("a.txt", "d/1.py", "d/2.py", "d/e/3.py", "d0", "ö/x"):
        bucket.blob(name).upload_from_string(name)
    iterator = client.list_blobs(bucket, delimiter="/")
    assert [blob.name for blob in iterator] == ["a.txt", "d0"]
    assert iterator.prefixes == {"d/", "ö/"}
    iterator = client.list_blobs(bucket, prefix="d/", delimiter="/")
    assert [blob.name for blob in iterator] == ["d/1.py", "d/2.py"]
    assert iterator.prefixes == {"d/e/"}
    named = [blob.name for blob in client.list_blobs(bucket, start_offset="d/2", end_offset="d0")]
    assert named == ["d/2.py", "d/e/3.py"]
    assert [blob.name for blob in client.list_blobs(bucket, match_glob="d/*.py")] == ["d/1.py", "d/2.py"]
    assert [blob.name for blob in client.list_blobs(bucket, match_glob="**/{1,3}.py")] == [
        "d/1.py",
        "d/e/3.py",
    ]
    pages = client.list_blobs(bucket, page_size=2, delimiter="/").pages
    assert [len(list(page)) for page in pages] == [1, 1]  # with each object one prefix


def test_versions_are_kept_listed_read_and_deleted(versioned, client):
    blob = versioned.blob("notebook.ipynb")
    generations = []
    for content in ("one", "two", "three"):
        blob.upload_from_string(content)
        generations.append(blob.generation)
    listed = list(client.list_blobs(versioned, versions=True))
    assert [entry.generation for entry in listed] == generations
    assert [entry.time_deleted is None for entry in listed] == [False, False, True]
    assert versioned.blob("notebook.ipynb", generation=generations[0]).download_as_text() == "one"
    versioned.delete_blob("notebook.ipynb")  # Blob.delete would name the generation, and delete it for good
    assert versioned.get_blob("notebook.ipynb") is None
    versioned.blob("notebook.ipynb", generation=generations[1]).delete()
    left = [entry.generation for entry in client.list_blobs(versioned, versions=True)]
    assert left == [generations[0], generations[2]]
    versioned.copy_blob(listed[0], versioned, "notebook.ipynb", source_generation=generations[0])
    assert versioned.blob("notebook.ipynb").download_as_text() == "one"


def test_versions_of_many_objects_page_in_order(versioned, client):
    for name in ("b", "a", "a!", "a/b"):
        for content in ("1", "2"):
            versioned.blob(name).upload_from_string(content)
    pages = client.list_blobs(versioned, versions=True, page_size=3).pages
    listed = [(blob.name, blob.generation) for page in pages for blob in page]
    assert listed == sorted(listed)
    assert len(listed) == 8


def test_soft_deleted_object_is_restored_and_expires(bucket, client, sandbox):
    blob = bucket.blob("report.csv")
    blob.upload_from_string("old")
    old = blob.generation
    blob.upload_from_string("new")
    blob.delete()
    assert list(client.list_blobs(bucket)) == []
    assert [entry.generation for entry in client.list_blobs(bucket, soft_deleted=True)] == [
        old,
        blob.generation,
    ]
    restored = bucket.restore_blob("report.csv", generation=old)
    assert restored.generation > blob.generation
    assert bucket.blob("report.csv").download_as_text() == "old"
    sandbox.control("settings", {"advance": 8 * DAY})
    assert list(client.list_blobs(bucket, soft_deleted=True)) == []
    assert bucket.blob("report.csv").download_as_text() == "old"


def test_copy_rewrite_compose(bucket, client):
    source = bucket.blob("part-1")
    source.cache_control = "no-store"
    source.upload_from_string("Hello, ", content_type="text/plain")
    bucket.blob("part-2").upload_from_string("world")
    other = client.create_bucket("other-bucket")
    copied = bucket.copy_blob(source, other, "copy")
    assert (copied.download_as_text(), copied.cache_control, copied.content_type) == (
        "Hello, ",
        "no-store",
        "text/plain",
    )
    token, written, total = other.blob("rewritten").rewrite(source)
    assert (token, written, total) == (None, 7, 7)
    source.update_storage_class("NEARLINE")
    assert bucket.get_blob("part-1").storage_class == "NEARLINE"
    whole = bucket.blob("whole")
    whole.compose([bucket.get_blob("part-1"), bucket.get_blob("part-2")], if_generation_match=0)
    assert whole.download_as_text() == "Hello, world"
    assert (whole.component_count, whole.md5_hash) == (2, None)
    with pytest.raises(exceptions.NotFound):
        bucket.blob("broken").compose([bucket.blob("missing")])
    moved = bucket.move_blob(whole, "moved")
    assert moved.download_as_text() == "Hello, world"
    assert bucket.get_blob("whole") is None


def test_holds_protect(bucket):
    blob = bucket.blob("evidence")
    blob.upload_from_string("x")
    blob.temporary_hold = True
    blob.patch()
    with pytest.raises(exceptions.Forbidden, match="hold"):
        blob.delete()
    with pytest.raises(exceptions.Forbidden, match="hold"):
        bucket.blob("evidence").upload_from_string("y")
    blob.temporary_hold = False
    blob.patch()
    blob.delete()


@pytest.mark.parametrize("name", ["..", "a\nb", "x" * 1025])
def test_invalid_names_are_refused(bucket, name):
    with pytest.raises(exceptions.BadRequest, match="Invalid object name"):
        bucket.blob(name).upload_from_string("x")


def test_missing_things_are_404(bucket, client):
    with pytest.raises(exceptions.NotFound, match="No such object: main-bucket/nothing"):
        bucket.blob("nothing").download_as_bytes()
    with pytest.raises(exceptions.NotFound, match="bucket does not exist"):
        client.bucket("no-such-bucket").blob("x").upload_from_string("x")


def test_batch(bucket, client):
    for name in ("a", "b"):
        bucket.blob(name).upload_from_string(name)
    with client.batch():
        bucket.delete_blob("a")
        bucket.delete_blob("b")
    assert list(client.list_blobs(bucket)) == []


def test_client_goes_through_a_fault(bucket, sandbox):
    rule = {"method": "storage.objects.insert", "kind": "status", "status": 503, "count": 1}
    sandbox.control("faults", rule)
    bucket.blob("retried").upload_from_string("x", retry=DEFAULT_RETRY)
    assert bucket.get_blob("retried").size == 1


def test_contents_of_what_is_gone_leave_no_files(sandbox, client, state_directory):
    bucket = client.bucket("tidy-bucket")
    bucket.soft_delete_policy.retention_duration_seconds = 0
    client.create_bucket(bucket)

    def files() -> int:
        return sum(path.is_file() for path in (state_directory / "storage").rglob("*"))

    bucket.blob("a").upload_from_string("x")
    bucket.copy_blob(bucket.blob("a"), bucket, "b")
    assert files() == 2
    bucket.delete_blobs(["a", "b"])
    sandbox.control("settings", {"advance": 2})
    list(client.list_buckets())
    assert files() == 0
    assert list(state_directory.glob("upload-*")) == []
