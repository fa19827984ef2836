"""Only what pyproject.toml cannot say: the C extension, the C client, the wheel's tag (one binary for every Python from 3.9)."""

import os

from setuptools import setup
from setuptools.command.build_ext import build_ext

CLIENT_FLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"]


class BuildAll(build_ext):
    """The extension as ever, and csrc/client.c as the executable fastinit/_bin/systemctl beside it."""

    def run(self):
        super().run()
        package = os.path.dirname(self.get_ext_fullpath("fastinit._native"))
        directory = os.path.join(package, "_bin")
        os.makedirs(directory, exist_ok=True)
        objects = self.compiler.compile(["csrc/client.c"], output_dir=self.build_temp, extra_postargs=CLIENT_FLAGS)
        self.compiler.link_executable(objects, "systemctl", output_dir=directory, extra_postargs=["-s"])


def shared():
    """fastinit/share (manual pages, completions) also where the installation's prefix has its own, as setuptools wants it."""
    folders = {}
    for directory, _, names in os.walk(os.path.join("fastinit", "share")):
        if names:
            folders[os.path.relpath(directory, "fastinit")] = [os.path.join(directory, name) for name in sorted(names)]
    return sorted(folders.items())


setup(
    data_files=shared(),
    cffi_modules=["fastinit/_build.py:ffibuilder"],
    cmdclass={"build_ext": BuildAll},
    options={"bdist_wheel": {"py_limited_api": "cp39"}},
)
