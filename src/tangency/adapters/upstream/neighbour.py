"""Which services an operator lets this one ask, read from the settings and checked before anything is asked."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import httpx

from tangency.adapters.settings import InvalidSettings, Settings
from tangency.adapters.upstream.service_names import NAMES


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A service that may be asked.

    Attributes:
        word: its word in the settings, such as ``market_data``.
        url: what every address begins with.
        token_file: what to show it; read for every request, so that it can be replaced. None where it asks for nothing.
        private: whether it may be at an address of this machine or of a private network.
    """

    word: str
    url: httpx.URL
    token_file: Path | None
    private: bool

    @property
    def name(self) -> str:
        """What people call it."""
        return NAMES[self.word]

    @property
    def variable(self) -> str:
        """The variable that says where it is."""
        return f"TANGENCY_UPSTREAM_{self.word.upper()}_URL"


def neighbour_of(settings: Settings, word: str) -> Neighbour | None:
    """The service of a word; None where the operator names none.

    Raises:
        InvalidSettings: an address that cannot be used, or that is on no list.
    """
    text = getattr(settings, f"upstream_{word}_url")
    if not text:
        return None
    url, private = _read(text), {host.lower() for host in settings.upstream_private_hosts}
    fault = _fault(url, {host.lower() for host in settings.upstream_hosts}, private)
    if fault is not None or url is None:
        raise InvalidSettings(f"TANGENCY_UPSTREAM_{word.upper()}_URL {fault}.")
    token = getattr(settings, f"upstream_{word}_token_file")
    return Neighbour(word, url, Path(token) if token else None, url.host in private)


def _read(text: str) -> httpx.URL | None:
    try:
        return httpx.URL(text)
    except httpx.InvalidURL:
        return None


def _fault(url: httpx.URL | None, public: AbstractSet[str], private: AbstractSet[str]) -> str | None:
    """What is wrong with an address; it may hold a password, so that it is not repeated."""
    if url is None or url.scheme not in ("https", "http") or not url.host:
        return "is not an address that begins with https:// and a host"
    if url.userinfo or url.query or url.fragment:
        return "has a user, a query or a fragment; leave it out, and name a token file in place of a password"
    if url.host not in public | private:
        lists = "neither TANGENCY_UPSTREAM_HOSTS nor TANGENCY_UPSTREAM_PRIVATE_HOSTS has it"
        return f"names the host {url.host!r}, and {lists}"
    if url.scheme == "http" and url.host not in private:
        return "is not https, which only hosts in TANGENCY_UPSTREAM_PRIVATE_HOSTS may do without"
    return None
