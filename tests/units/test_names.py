"""Unit names: the forms, the examples of systemd-escape(1) and systemd.unit(5), and that escaping can be undone."""
# ruff: noqa: E501              tables: a row stays one line

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastinit.units import names

VALID = {
    "nginx.service": "plain", "a@b.service": "instance", "a@.service": "template", "-.slice": "plain",
    "dev-disk-by\\x2dlabel.device": "plain", "a@b@c.service": "instance", "x:y_z.0.timer": "plain", "a" * 247 + ".service": "plain",
}
INVALID = ("", "nginx", ".service", "@.service", "@a.service", "a b.service", "a/b.service", "ä.service", "nginx.services",
           "a" * 248 + ".service", "a.service\n", "a*.service")


@pytest.mark.parametrize("name", VALID)
def test_valid_names_have_one_form(name: str) -> None:
    """A valid name is plain, an instance or a template, and only that."""
    forms = {
        "plain": names.is_valid(name, instance=False, template=False),
        "instance": names.is_instance(name), "template": names.is_template(name),
    }
    assert [form for form, holds in forms.items() if holds] == [VALID[name]]


@pytest.mark.parametrize("name", INVALID)
def test_invalid_names(name: str) -> None:
    """What systemd does not take as a unit name is not taken."""
    assert not names.is_valid(name)


@pytest.mark.parametrize("name, parts", [
    ("a.service", ("a", "", ".service")), ("a@b.service", ("a", "b", ".service")), ("a@.service", ("a", "", ".service")),
    ("a@b@c.d.service", ("a", "b@c.d", ".service")),
])
def test_split(name: str, parts: "tuple[str, str, str]") -> None:
    """The first "@" ends the prefix, the last "." begins the type."""
    assert names.split(name) == parts


def test_template_and_instance() -> None:
    """The template of an instance, and an instance of a template."""
    assert names.template_of("getty@tty1.service") == "getty@.service"
    assert names.template_of("getty.service") == ""
    assert names.with_instance("getty@.service", "tty2") == "getty@tty2.service"


# systemd-escape(1), "EXAMPLES", and what systemd-escape prints for the rest.
ESCAPED = {
    "Hallöchen, Meister": "Hall\\xc3\\xb6chen\\x2c\\x20Meister",
    "My Container 1": "My\\x20Container\\x201",
    "foo/bar-baz": "foo-bar\\x2dbaz",
    ".hidden": "\\x2ehidden",
    "a.b": "a.b",
    "back\\slash": "back\\x5cslash",
    "": "",
}


@pytest.mark.parametrize("text", ESCAPED)
def test_escape(text: str) -> None:
    """escape() gives what systemd-escape prints and unescape() gives it back."""
    assert names.escape(text) == ESCAPED[text]
    assert names.unescape(ESCAPED[text]) == text


PATHS = {
    "/tmp//waldi/foobar/": "tmp-waldi-foobar", "/": "-", "/home/a-b": "home-a\\x2db", "/.x": "\\x2ex", "/dev/sda1": "dev-sda1",
    "/./a/./b": "a-b", "//": "-",
}


@pytest.mark.parametrize("path", PATHS)
def test_escape_path(path: str) -> None:
    """Paths lose the outer and the doubled slashes."""
    assert names.escape_path(path) == PATHS[path]


@pytest.mark.parametrize("path", ["/a/../b", "..", "", "/.."])
def test_paths_that_have_no_unit(path: str) -> None:
    """A path that leads upwards is an error, as for systemd-escape --path."""
    with pytest.raises(ValueError):
        names.escape_path(path)


@pytest.mark.parametrize("text", ["a\\", "a\\x", "a\\x1", "a\\xzz", "\\y41", "\\x+1"])
def test_broken_escapes(text: str) -> None:
    """Only \\xNN can be undone."""
    with pytest.raises(ValueError):
        names.unescape(text)


@pytest.mark.parametrize("text", ["", "-a", "a-", "a--b", "..", "a-..-b"])
def test_what_is_no_escaped_path(text: str) -> None:
    """Escaped paths have exactly one spelling."""
    with pytest.raises(ValueError):
        names.unescape_path(text)


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")))
def test_escape_can_be_undone(text: str) -> None:
    """unescape is the inverse of escape, and what comes out is fit for a unit name."""
    escaped = names.escape(text)
    assert names.unescape(escaped) == text
    assert names.is_valid("x" + escaped[:200] + ".service")


@given(st.binary(max_size=60))
def test_escape_of_bytes_that_are_no_text(data: bytes) -> None:
    """File names are bytes: they survive too."""
    text = data.decode("utf-8", "surrogateescape")
    assert names.unescape(names.escape(text)).encode("utf-8", "surrogateescape") == data


@given(st.lists(st.text("ab.-\\ ä", min_size=1, max_size=5).filter(lambda part: part not in (".", "..")), min_size=1))
def test_escape_path_can_be_undone(parts: "list[str]") -> None:
    """unescape_path is the inverse of escape_path."""
    path = "/" + "/".join(parts)
    assert names.unescape_path(names.escape_path(path)) == path


@given(st.text(max_size=40))
def test_nothing_but_value_errors(text: str) -> None:
    """Any text is either used or refused with ValueError."""
    names.is_valid(text)
    for function in (names.unescape, names.escape_path, names.unescape_path, names.mangle):
        try:
            function(text.encode("utf-8", "replace").decode())
        except ValueError:
            pass


@pytest.mark.parametrize("word, name", [
    ("nginx", "nginx.service"), ("nginx.service", "nginx.service"), ("/home", "home.mount"), ("/dev/sda", "dev-sda.device"),
    ("a b", "a\\x20b.service"), ("a/b", "a-b.service"), ("foo.timer", "foo.timer"), ("foo.conf", "foo.conf.service"),
])
def test_mangle(word: str, name: str) -> None:
    """What a user types at systemctl becomes a unit name."""
    assert names.mangle(word) == name


def test_mangle_keeps_globs_on_request() -> None:
    """With globs=True patterns stay patterns."""
    assert names.mangle("ng*", globs=True) == "ng*"
    assert names.mangle("*.socket", globs=True) == "*.socket"
    assert names.mangle("ng*") == "ng\\x2a.service"
