"""Only what pyproject.toml cannot say: the C extension, and its wheel's tag (one binary for every Python from 3.9)."""

from setuptools import setup

setup(
    cffi_modules=["fastinit/_build.py:ffibuilder"],
    options={"bdist_wheel": {"py_limited_api": "cp39"}},
)
