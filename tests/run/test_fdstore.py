"""Descriptors that a service parks are found again, in order and only once."""

from __future__ import annotations

import os

from fastinit.run.fdstore import FdStore, vault_name


def new_store():
    vault = []

    def remove(name):
        vault[:] = [entry for entry in vault if entry[0] != name]

    return FdStore(lambda name, fd: vault.append((name, fd)), remove), vault


def test_the_same_file_is_kept_once():
    store, vault = new_store()
    reader, writer = os.pipe()
    assert store.add("a.service", "x", reader)
    assert not store.add("a.service", "x", os.dup(reader))
    assert store.of("a.service") == [("x", reader)]
    assert vault == [("fdstore/a.service/x", reader)]
    store.clear("a.service")
    assert store.of("a.service") == [] and vault == []
    os.close(writer)


def test_what_comes_back_from_the_vault_keeps_unit_and_name():
    store, _ = new_store()
    reader, writer = os.pipe()
    store.restore(vault_name("a@b.service", "n/m"), reader)
    assert store.of("a@b.service") == [("n/m", reader)]
    os.close(reader)
    os.close(writer)
