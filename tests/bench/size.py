"""How long measuring takes. OCTROI_BENCH_SMOKE makes it as short as can be: then only that a figure comes out counts."""

import os

SMOKE = "OCTROI_BENCH_SMOKE" in os.environ

ROUNDS = 1 if SMOKE else 5
SECONDS = 0.3 if SMOKE else 3.0
STREAM_SECONDS = 1 if SMOKE else 3
TIMED_FLOWS = 50 if SMOKE else 1000
MANY_FLOWS = 4000 if SMOKE else 1_000_000
