"""Whatever text a fleet file holds, it reaches the script as data; nothing of it acts."""

import re
import shlex
import subprocess
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebook_provisioner.adapters.files import post_startup_templates
from notebook_provisioner.core import fleet, post_startup
from notebook_provisioner.core.fleet.guest import PackageIndex, UserScript
from notebook_provisioner.core.fleet.model import Exemption, Repository
from notebook_provisioner.core.post_startup import Comment, Raw, Renderer

HERE = Path(__file__).parent
TEMPLATES = post_startup_templates()
RENDERER = Renderer(TEMPLATES, version="1")
FLEET = fleet.parse(
    (HERE / "golden" / "fleet.yaml").read_text(encoding="utf-8"), file="golden", today=date(2026, 11, 1)
)
ANY = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
NASTY = st.sampled_from(
    [
        "$(touch pwned)",
        "`touch pwned`",
        "'; touch pwned; '",
        '"; touch pwned; "',
        "-rf",
        "--",
        "a\ntouch pwned\n",
        "EOF\ntouch pwned",
        "{{ 7*7 }}{% raw %}",
        "${IFS}",
        "\\",
        "!!",
        "# body-sha256: 0",
        "é\u202e\U0001f600",
    ]
)
TEXT = ANY | NASTY | st.tuples(ANY, NASTY, ANY).map("".join)


def hostile(text):
    """A notebook that holds *text* wherever a fleet file can hold text, past every check."""
    notebook = next(one for one in FLEET.resolved_notebooks if one.name == "everything")
    fields = {name: getattr(notebook, name) for name in notebook.__slots__}
    return type(notebook)(
        **{
            **fields,
            "zone": text,
            "metadata": {"jupyter-user": text},
            "packages": (text,),
            "repositories": (Repository.model_construct(url=text, ref=text),),
            "environment": {"HOSTILE": text},
            "package_index": PackageIndex.model_construct(pip=text, conda=text),
            "user_script": UserScript.model_construct(source=f"gs://b/{text}", sha256=text, run_as="root"),
        }
    )


def words(script, command):
    """What *command*, a word at the start of a line, is called with, as bash itself reads it."""
    start = re.search(rf"(?m)^ *{command} ", script)
    tail = script[start.end() :]
    harness = f"{command}() {{ printf '%s\\0' \"$@\"; exit; }}\n{command} {tail}"
    shown = subprocess.run(["bash", "-s"], input=harness.encode(), capture_output=True, check=False, cwd="/")
    return shown.stdout.decode().split("\0")[:-1]


@settings(max_examples=40, deadline=None)
@given(TEXT)
def test_any_text_reaches_the_script_as_data(text):
    script = RENDERER.render(hostile(text), FLEET)
    checked = subprocess.run(["bash", "-n"], input=script.encode(), capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert words(script, "git_clone") == [text, text]
    account = re.search(r"(?s)readonly ACCOUNT=(.*?)\nreadonly ACCOUNT_HOME=", script)[1]
    assert shlex.split(account) == [text]


def test_a_value_does_not_act_when_the_script_is_read(tmp_path):
    for text in (
        "$(touch pwned)",
        "`touch pwned`",
        "'; touch pwned; '",
        "a\ntouch pwned\n",
        "EOF\ntouch pwned\n",
    ):
        script = RENDERER.render(hostile(text), FLEET)
        # Everything but the last line, which runs it; then the variables are there.
        defined = script.removesuffix('main "$@"\n')
        assert defined != script
        shown = subprocess.run(
            ["bash", "-s"],
            input=f'{defined}printf "%s" "${{ACCOUNT}}"',
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        )
        assert shown.stdout == text
        assert list(tmp_path.iterdir()) == []


def test_the_words_of_an_exemption_are_data():
    notebook = hostile("x")
    fields = {name: getattr(notebook, name) for name in notebook.__slots__}
    reason = "Agreed.\n$(touch pwned) 'and' \"so on\""
    exemption = Exemption(control="notebook-disable-root", reason=reason, expires="2027-06-30")
    script = RENDERER.render(type(notebook)(**{**fields, "exemptions": (exemption,)}), FLEET)
    assert shlex.quote(reason) in script


@given(ANY)
def test_any_text_is_one_word_again(text):
    assert shlex.split(post_startup.shell_form(text)) == [text]


def test_values_have_their_shell_form():
    assert post_startup.shell_form(["a b", 3, True]) == "'a b' 3 true"
    for bad in (None, 1.5, {"a": 1}, object()):
        with pytest.raises(TypeError, match="no shell form"):
            post_startup.shell_form(bad)
    with pytest.raises(ValueError, match="NUL"):
        post_startup.shell_form("\0")


@pytest.mark.parametrize("text", ["", "a b", "$(id)", "a\nb", "x;y", "`id`", "*"])
def test_nothing_that_acts_is_raw(text):
    with pytest.raises(ValueError, match="cannot stand unquoted"):
        Raw(text)


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\0b", "\u2028"])
def test_a_comment_is_one_line(text):
    with pytest.raises(ValueError, match="not one line"):
        Comment(text)
