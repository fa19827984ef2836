"""One image for the session; containers that go when their test is over."""

from __future__ import annotations

from typing import Callable, Iterator, List

import pytest

from . import image as images
from .harness import Container


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Debian with nginx, redis, cron and this tree's fastinit."""
    reason = images.missing()
    if reason:
        pytest.skip(reason)
    name = images.build_image(tmp_path_factory.mktemp("image"))
    yield name
    images.podman("rmi", "--force", name, check=False)


@pytest.fixture
def boot(image: str) -> Iterator[Callable[..., Container]]:
    """Start a container: boot("/usr/bin/systemctl", "init", "a.service", files={…}); without words the image's own command."""
    started: List[Container] = []

    def start(*command: str, **more: object) -> Container:
        container = Container(str(more.pop("image", image)), *command, **more)      # type: ignore[arg-type]
        started.append(container)
        return container

    yield start
    for container in started:
        container.remove()
