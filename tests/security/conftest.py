"""What tests of safety borrow: the company behind the API, and the rows behind its operations."""

from tests.api.conftest import company, unhurried
from tests.api.test_doors import keys

__all__ = ["company", "keys", "unhurried"]
