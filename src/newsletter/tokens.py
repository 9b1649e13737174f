"""Opaque signed tokens for public links, and the keyed hash of addresses.

A token is base64url of: key id (1 byte), purpose (1 byte), id (8 bytes), MAC (16 bytes); 35 characters. The key ring
rotates (old keys still verify); the suppression key never does, because hashes in the database depend on it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum


class Purpose(IntEnum):
    UNSUBSCRIBE = 1
    PREFERENCES = 2
    WEB_VERSION = 3
    FORWARD = 4
    TRACE = 5  # leads a bounce back to its delivery


_URL_SAFE = bytes.maketrans(b"+/", b"-_")

# Previews and tests carry tokens for this id: their pages show, and change nothing.
INERT_ID = 0


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Signing keys by id; the highest id signs, all verify."""

    keys: Mapping[int, bytes]

    @property
    def current(self) -> int:
        return max(self.keys)

    def sign(self, purpose: Purpose, id_: int, key_id: int | None = None) -> str:
        return self.signer(purpose, key_id)(id_)

    def signer(self, purpose: Purpose, key_id: int | None = None) -> Callable[[int], str]:
        """`sign` for many ids: each message takes three tokens, so the key is made ready once."""
        key = self.current if key_id is None else key_id
        begun, prefix = self._begun(key, bytes([key, purpose])), bytes([key, purpose])

        def sign(id_: int) -> str:
            number, mac = id_.to_bytes(8, "big"), begun.copy()
            mac.update(number)
            return binascii.b2a_base64(prefix + number + mac.digest()).translate(_URL_SAFE, b"=\n").decode()

        return sign

    def verify(self, purpose: Purpose, token: str) -> int | None:
        """The id that a valid token carries, or None; never raises on what a stranger typed."""
        try:
            raw = base64.urlsafe_b64decode(token.encode("ascii") + b"==")
        except (ValueError, binascii.Error):
            return None
        if len(raw) != 26 or raw[1] != purpose or raw[0] not in self.keys:
            return None
        if not hmac.compare_digest(self._begun(raw[0], raw[:10]).digest(), raw[10:]):
            return None
        return int.from_bytes(raw[2:10], "big")

    def digest(self, label: str, id_: int, key_id: int | None = None) -> str:
        """A keyed, stable, URL-safe name for something internal."""
        key = self.current if key_id is None else key_id
        return self._begun(key, f"{label}:{id_}".encode()).hexdigest()

    def _begun(self, key: int, data: bytes) -> hashlib.blake2b:
        # Keyed BLAKE2 (RFC 7693), at a fifth of the cost of HMAC-SHA256.
        return hashlib.blake2b(data, key=self.keys[key], digest_size=16)


@dataclass(frozen=True, slots=True)
class AddressKeys:
    """Turns a normalised address into the key under which suppressions and deliveries know it."""

    secret: bytes

    def key(self, normalised: str) -> str:
        """128 bits, as 32 characters: no two addresses share one, and the indexes over them stay small."""
        return self.keyer()(normalised)

    def keyer(self) -> Callable[[str], str]:
        """`key` for many addresses: the secret is made ready once, which is more than half of the work."""
        begun = hmac.new(self.secret, digestmod=hashlib.sha256)

        def key(normalised: str) -> str:
            mac = begun.copy()
            mac.update(normalised.encode())
            return mac.hexdigest()[:32]

        return key

    @property
    def fingerprint(self) -> str:
        """Kept in the database; the program refuses to start with another key."""
        return hmac.new(self.secret, b"fingerprint", hashlib.sha256).hexdigest()[:16]
