"""What was asked of the init survives as words, and what of its environment the services get."""

from __future__ import annotations

import pytest

from fastinit.run.boot import NOTHING, PROCESSES, SERVICES, STAY, Boot, from_words, passed

BOOTS = (
    Boot(), Boot(("a.service", "b.service")), Boot(NOTHING), Boot(until=PROCESSES), Boot(("a.service",), STAY, True),
    Boot(("-.slice",), SERVICES, True, ("b.service", "c.service"), ("A=B C", "@/etc/x", "--until=stop")),
)


@pytest.mark.parametrize("boot", BOOTS)
def test_a_boot_comes_back_from_its_words(boot: Boot) -> None:
    assert from_words(boot.words()) == boot


def test_words_of_people() -> None:
    """`fastinit init -1 a -0`; what is unknown is refused."""
    assert from_words(["-1", "a", "-0"]) == Boot(("a",), PROCESSES)
    assert from_words(["--", "-x"]) == Boot(("-x",))
    for word in ("--until=never", "--foo", "-x"):
        with pytest.raises(ValueError, match=f"unrecognized option '{word}'"):
            from_words([word])


def test_when_it_is_over() -> None:
    """Units that were named end the container when they are over, unless told otherwise."""
    until = ("", STAY, SERVICES, PROCESSES)
    assert [Boot((), word).is_over_with_its_units() for word in until] == [False, False, True, False]
    assert [Boot(("a",), word).is_over_with_its_units() for word in until] == [True, False, True, False]


def test_what_services_get_of_the_environment() -> None:
    """What `docker run -e` and ENV set, and nothing that is about PID 1 alone or that Python has set for itself."""
    own = {"NOTIFY_SOCKET": "/n", "TERM": "xterm", "container": "podman", "PWD": "/", "SHLVL": "0", "FASTINIT_RUN": "/r"}
    assert passed({**own, "LC_CTYPE": "C.UTF-8", "PATH": "/bin", "A": "b"}) == {"PATH": "/bin", "A": "b"}
    assert passed({"LC_CTYPE": "C.UTF-8", "LANG": "de_DE.UTF-8"}) == {"LC_CTYPE": "C.UTF-8", "LANG": "de_DE.UTF-8"}
