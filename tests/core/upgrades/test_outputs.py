"""The calendar as an iCalendar file and as a page: nothing lost, nothing trusted."""

import base64
import hashlib
import re
import shutil
import subprocess
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from icalendar import Calendar
from upgrade_facts import CURRENT, NOW, REFUSED, notebook, policy, rollout, sight

from notebook_provisioner.core.upgrades import calendar, ical, timeline
from notebook_provisioner.core.upgrades.facts import LegacyMachine

TEMPLATES = Path(__file__).parents[3] / "notebook_provisioner" / "cli" / "templates"
EVIL = '"></title><script>alert(1)</script><img src=https://example.com/x onerror=alert(2)>'
WHERE = {"fleet": 'fraud; analytics, "one"', "project": "acme"}


def plan_of(*notebooks, days=56, **changed):
    look = sight(*notebooks, legacy=(LegacyMachine("z", "old-umn", "RUNNING"),))
    given = {item.key: policy() for item in notebooks}
    return calendar.make(look, given, rollout(**changed), NOW, NOW + timedelta(days=days))


def page_of(plan):
    templates = {name: (TEMPLATES / name).read_text() for name in ("timeline.html.j2", "timeline.css")}
    return timeline.render(plan, **WHERE, templates=templates)


class Page(HTMLParser):
    """What a browser would make of a page: elements with their attributes, and the text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text, self.open = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_every_upgrade_is_an_event():
    plan = plan_of(*(notebook(f"nb-{n}") for n in range(7)), notebook("done", upgradability=CURRENT))
    events = Calendar.from_ical(ical.render(plan, **WHERE)).walk("VEVENT")
    assert [(event["DTSTART"].dt, event["DTEND"].dt) for event in events] == [
        (item.start, item.end) for item in plan.upgrades
    ]
    assert len({event["UID"] for event in events}) == 7
    assert str(events[0]["SUMMARY"]) == "Upgrade nb-0 to m144"
    assert "kernels of nb-0@example.com that run then are lost" in str(events[0]["DESCRIPTION"])


def test_the_file_is_as_the_standard_wants_it():
    lines = ical.render(plan_of(notebook("nb", owner="é" * 80 + "@example.com")), **WHERE).split(b"\r\n")
    assert lines[0] == b"BEGIN:VCALENDAR"
    assert lines[-2:] == [b"END:VCALENDAR", b""]
    assert all(len(line) <= 75 for line in lines)
    assert not any(b"\n" in line for line in lines)


def test_a_line_cannot_be_smuggled_into_the_file():
    book = notebook("nb", owner="a@example.com\r\nATTENDEE:mailto:eve@example.com")
    (event,) = Calendar.from_ical(ical.render(plan_of(book), **WHERE)).walk("VEVENT")
    assert "ATTENDEE" not in event


def test_the_same_plan_gives_the_same_files():
    plan = plan_of(*(notebook(f"nb-{n}") for n in range(7)))
    assert ical.render(plan, **WHERE) == ical.render(plan, **WHERE)
    assert page_of(plan) == page_of(plan)


def test_names_are_text_wherever_they_stand():
    book = notebook(EVIL, owner=EVIL, version=EVIL)
    refused = notebook(EVIL + "2", upgradability=REFUSED)
    page = Page(page_of(plan_of(book, refused)))
    assert not {tag for tag, _ in page.elements} & {"script", "img", "link", "iframe", "object", "a", "form"}
    attributes = {name for _, given in page.elements for name in given}
    assert not {name for name in attributes if name.startswith("on")} | attributes & {"href", "src", "style"}
    assert EVIL in page.text
    assert page.open == []


def test_nothing_is_loaded_and_nothing_runs():
    text = page_of(plan_of(notebook()))
    [policy_text] = [
        given["content"]
        for tag, given in Page(text).elements
        if given.get("http-equiv") == "Content-Security-Policy"
    ]
    [style] = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy_text.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "http" not in text.replace("http-equiv", "")
    assert "url(" not in style
    assert "@import" not in style


def test_every_notebook_is_in_the_picture_and_in_the_words():
    books = [notebook(f"nb-{n:03}") for n in range(100)]
    plan = plan_of(*books, notebook("done", upgradability=CURRENT), days=365)
    page = Page(page_of(plan))
    bars = [given for tag, given in page.elements if tag == "rect" and given.get("height") == "22"]
    assert len(bars) == len(plan.upgrades) == 100
    words = "".join(page.text)
    for name in [*(book.name for book in books), "done", "old-umn"]:
        assert name in words
    assert [given for tag, given in page.elements if tag == "svg" and not given.get("aria-label")] == []


def test_bars_do_not_overlap_and_stay_in_the_picture():
    plan = plan_of(*(notebook(f"nb-{n:03}") for n in range(60)), parallelism=3)
    for session in timeline.sessions(plan):
        rows = {}
        for bar in session.bars:
            assert bar.x >= rows.get(bar.y, 0)
            rows[bar.y] = bar.x + bar.width
            assert bar.x + bar.width <= 1_000
            assert bar.y + 22 <= session.height


def test_a_fleet_with_nothing_to_do_has_a_page_too():
    page = Page(page_of(plan_of(notebook(upgradability=CURRENT))))
    assert "Not upgraded" in page.text


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is absent: the page is not looked at")
def test_a_real_browser_shows_it_and_keeps_to_its_policy(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(page_of(plan_of(notebook(EVIL), notebook("plain"))))
    shown = subprocess.run(
        [
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    assert "alert(1)" in shown.stdout
    assert "<script>" not in shown.stdout
    assert "Content Security Policy" not in shown.stderr  # the style's digest fits
