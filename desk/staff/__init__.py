"""The page of the shop's owners: requests for advice, and conversations that they take over. See docs/staff.md."""

from desk.staff.app import create_app

__all__ = ["create_app"]
