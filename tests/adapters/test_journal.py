"""The journal is on disk line by line, and survives a crash in the middle of one."""

import json

from notebook_provisioner.adapters.journal import FileJournal, read


def test_lines_are_added_with_what_is_common(tmp_path):
    path, echoed = tmp_path / "folder" / "journal.jsonl", []
    journal = FileJournal(path, {"run": "1"}, echo=echoed.append)
    journal.write([{"event": "a"}, {"event": "b"}])
    journal.write([{"event": "c", "text": "ü"}])
    assert read(path) == [
        {"run": "1", "event": "a"},
        {"run": "1", "event": "b"},
        {"run": "1", "event": "c", "text": "ü"},
    ]
    assert [json.loads(line)["event"] for line in echoed] == ["a", "b", "c"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_line_cut_off_by_a_crash_spoils_no_other(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_text('{"event": "a"}\n{"event": "b')
    FileJournal(path, {}).write([{"event": "c"}])
    assert [entry["event"] for entry in read(path)] == ["a", "c"]


def test_nothing_to_write_makes_no_file(tmp_path):
    FileJournal(tmp_path / "journal.jsonl", {}).write([])
    assert list(tmp_path.iterdir()) == []
    assert read(tmp_path / "journal.jsonl") == []
