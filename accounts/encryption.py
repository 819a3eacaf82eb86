"""Secrets of second factors are stored encrypted, by keys derived from SECRET_KEY.

After SECRET_KEY was changed, what was encrypted before is read by SECRET_KEY_FALLBACKS until
`manage.py reencrypt_second_factors` has written it anew.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """It was encrypted by a secret that is no longer known."""


def encrypt(text: str) -> str:
    return _keys().encrypt(text.encode()).decode()


def decrypt(encrypted: str) -> str:
    try:
        return _keys().decrypt(encrypted.encode()).decode()
    except InvalidToken as error:
        raise Unreadable from error


def encrypt_anew(encrypted: str) -> str:
    """The same by the key of today."""
    try:
        return _keys().rotate(encrypted.encode()).decode()
    except InvalidToken as error:
        raise Unreadable from error


def _keys() -> MultiFernet:
    return MultiFernet([_key(it) for it in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str) -> Fernet:
    derived = HKDF(
        algorithm=SHA256(),
        length=32,
        salt=hashlib.sha256(b"pmo-portal").digest(),
        info=b"second factors at rest",
    ).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
