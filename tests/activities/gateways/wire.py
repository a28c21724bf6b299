"""What the wire formats of all providers are made of: requests, answers, keys, and what a dialect has to know."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.activities.gateways.ledger import Ledger, Refund, Taken


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class KeyPair:
    """An RSA key, as both sides need it."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def sign(self, text: str) -> str:
        return base64.b64encode(self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()

    def verifies(self, text: str, signature: str) -> bool:
        try:
            self._key.public_key().verify(
                base64.b64decode(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except (InvalidSignature, ValueError):
            return False
        return True

    @property
    def private_pem(self) -> str:
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    @property
    def public_pem(self) -> str:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


SHOP, PROVIDER, STRANGER = KeyPair(), KeyPair(), KeyPair()

#: What shop and provider have agreed on.
STRIPE_KEY = "sk_test_kettle_4eC39HqLyjWDarjtT1zdp7dc"
ALIPAY_APP = "2021000000000001"
MCHID, SERIAL, PUBLIC_KEY_ID = "1900000109", "444F4864EA9B34415A", "PUB_KEY_ID_0119000001092026"
APIV3_KEY = "kettles-of-hangzhou-32-bytes-key"


class Dialect(Protocol):
    """One provider's way of speaking. `handle` does the work and answers as the provider would."""

    ledger: Ledger

    def handle(self, request: Request) -> Response: ...
    def sends(self, request: Request) -> bool: ...
    def trouble(self) -> Response: ...
    def badly_signed(self, request: Request, response: Response) -> Response: ...
    def of_another(self, request: Request) -> Response: ...
    def forged_refusal(self, request: Request) -> Response: ...
    def forget(self) -> None: ...


def another() -> Refund:
    """Somebody else's refund, of which an answer tells by mistake."""
    return Refund("R999999", "SOMEBODY_ELSE", Taken("T-ELSE", "P-ELSE", 10**6, "CNY"), 1, "paid")


def as_json(status: int, content: object) -> Response:
    return Response(status, json.dumps(content).encode(), {"Content-Type": "application/json"})
