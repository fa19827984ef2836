"""Specifiers: all of systemd.unit(5), "SPECIFIERS", for a unit and a host that are made up."""
# ruff: noqa: E501              tables: a row stays one line

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastinit.units.specifiers import FACTS, KNOWN, Host, Specifiers, parse_env_file

FACTS_OF_TEST = {name: f"<{name}>" for name in FACTS}
FACTS_OF_TEST["hostname"] = "box.example.org"
HOST = Host("", False, {}, **FACTS_OF_TEST)
UNIT = "foo-b\\x2dar@dir-na\\x20me.service"

EXPANDED = {
    "%n": UNIT, "%N": "foo-b\\x2dar@dir-na\\x20me", "%p": "foo-b\\x2dar", "%P": "foo/b-ar", "%i": "dir-na\\x20me", "%I": "dir/na me",
    "%j": "b\\x2dar", "%J": "b-ar", "%f": "/dir/na me", "%y": "/etc/systemd/system/foo.service", "%Y": "/etc/systemd/system",
    "%l": "box", "%H": "box.example.org", "%%": "%", "%a": "<architecture>", "%A": "<image_version>", "%b": "<boot_id>",
    "%B": "<os_build_id>", "%C": "<cache>", "%d": "<credentials>", "%E": "<config>", "%g": "<group_name>", "%G": "<group_id>",
    "%h": "<home>", "%L": "<logs>", "%m": "<machine_id>", "%M": "<image_id>", "%o": "<os_id>", "%q": "<pretty_hostname>",
    "%s": "<shell>", "%S": "<state>", "%t": "<runtime>", "%T": "<tmp>", "%u": "<user_name>", "%U": "<user_id>", "%v": "<kernel>",
    "%V": "<var_tmp>", "%w": "<os_version_id>", "%W": "<os_variant_id>",
}


@pytest.mark.parametrize("specifier", EXPANDED)
def test_specifier(specifier: str) -> None:
    """The specifier stands for this."""
    unit = Specifiers(UNIT, HOST, "/etc/systemd/system/foo.service")
    assert unit.expand(f"a{specifier}b{specifier}") == f"a{EXPANDED[specifier]}b{EXPANDED[specifier]}"


def test_all_are_tested() -> None:
    """No specifier without a line above."""
    assert {text[1] for text in EXPANDED} == KNOWN


def test_unit_without_instance() -> None:
    """Without an instance %i is empty and %f is the prefix as a path."""
    unit = Specifiers("a-b.service", HOST)
    assert unit.expand("[%i][%I][%p][%f][%j]") == "[][][a-b][/a/b][b]"


@pytest.mark.parametrize("text", ["100%", "%", "50% of", "%z", "a%é"])
def test_what_is_no_specifier_stays(text: str) -> None:
    """A percent sign before anything else is kept, as systemd does."""
    assert Specifiers("a.service", HOST).expand(text) == text


@pytest.mark.parametrize("name, host, text", [
    ("a.service", HOST, "%y"), ("a\\z.service", HOST, "%P"), ("a.service", Host(environ={}), "%d"),
    ("a.service", Host(root="/nonexistent", environ={}), "%m"),
])
def test_unresolvable(name: str, host: Host, text: str) -> None:
    """What is a specifier but has no value here is an error with a reason."""
    with pytest.raises(ValueError):
        Specifiers(name, host).expand(text)


def test_facts_are_gathered_when_asked_for(tmp_path: Path) -> None:
    """Only the facts that a text names are looked up, each once, below the root."""
    (tmp_path / "etc").mkdir()
    release = tmp_path / "etc/os-release"
    release.write_text('ID=debian\nVERSION_ID="12"\n# x\nIMAGE_ID=\'my image\'\n')
    host = Host(root=str(tmp_path), environ={})
    assert Specifiers("a.service", host).expand("%o %w %M [%A]") == "debian 12 my image []"
    release.unlink()
    assert Specifiers("a.service", host).expand("%o") == "debian"
    with pytest.raises(AttributeError):
        _ = host.nonsense


def test_folders_of_a_user() -> None:
    """A user's manager has the folders of the XDG specification."""
    host = Host(user=True, environ={"HOME": "/h", "XDG_RUNTIME_DIR": "/r", "XDG_CACHE_HOME": "/c", "TMPDIR": "/t"})
    assert Specifiers("a.service", host).expand("%h %t %C %E %S %L %T %V") == "/h /r /c /h/.config /h/.local/state /h/.local/state/log /t /t"
    system = Host(environ={})
    assert Specifiers("a.service", system).expand("%h %t %C %E %S %L %T %V %u %U") == (
        "/root /run /var/cache /etc /var/lib /var/log /tmp /var/tmp root 0")


@given(st.text(max_size=40))
def test_only_value_errors(text: str) -> None:
    """Any text is expanded; one without a percent sign is itself."""
    out = Specifiers("a@b.service", HOST, "/x").expand(text)
    assert "%" in text or out == text


@given(st.text(st.characters(blacklist_categories=["Cs"])))
def test_doubled_percent_signs_protect(text: str) -> None:
    """What was protected comes out as it was."""
    assert Specifiers("a.service", HOST).expand(text.replace("%", "%%")) == text


@given(st.text())
def test_env_file_takes_anything(text: str) -> None:
    """No os-release makes it fail."""
    parse_env_file(text)
