"""The stages of the workflow; `from scripts.iteration_engine import run_iteration_engine`."""

import sys
from pathlib import Path

# The stages import their library as `mmm_builder`, which stands here.
if str(Path(__file__).parent) not in sys.path:
    sys.path.append(str(Path(__file__).parent))
