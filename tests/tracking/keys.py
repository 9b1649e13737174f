"""A webhook key, and bodies signed by it."""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from newsletter.tracking.sendgrid_events import SIGNATURE, TIMESTAMP


@lru_cache(maxsize=1)
def private() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def public() -> str:
    return base64.b64encode(
        private().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode()


def signed(body: bytes, stamp: str = "1795514400") -> dict[str, str]:
    signature = private().sign(stamp.encode() + body, ec.ECDSA(SHA256()))
    return {SIGNATURE: base64.b64encode(signature).decode(), TIMESTAMP: stamp}
