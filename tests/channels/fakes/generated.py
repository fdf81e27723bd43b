"""How many generated bodies the tests of the channels try: some in every run, 50,000 with FULL=1."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

EXAMPLES = 50_000 if os.environ.get("FULL") else 300
many = settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES <= 1000,
    database=None,
    suppress_health_check=list(HealthCheck),
)
