"""Fixtures that stand elsewhere."""

from tests.advice.conftest import complete, content, draft

__all__ = ["complete", "content", "draft"]
