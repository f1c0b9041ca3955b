"""What the fake stages share: steering through the environment, and a journal of what was run."""

import json
import os
import time
from pathlib import Path

from mmm_builder.files import text_digest, write_text

STOPS_AT = {"raise_target_accept": 1, "lengthen_chains": 2, "more_season": 3, "model_outliers": 4, "heavy_tails": 5}
"""What disabling a remedy means to the fake of the decide stage: the iteration to stop at."""


def steer(key, default=None):
    return json.loads(os.environ.get("MMM_FAKE_STEER", "{}")).get(key, default)


def note(stage, product):
    """Append `stage folder` to the journal, which stands beside the results and outlives re-runs."""
    with open(os.environ["MMM_FAKE_JOURNAL"], "a", encoding="utf-8") as journal:
        journal.write(f"{stage} {Path(product).parent.as_posix()}\n")


def linger(product, seconds):
    """Work for a while, telling of the progress as the trainer does."""
    product.parent.mkdir(parents=True, exist_ok=True)
    began = time.time()
    while (spent := time.time() - began) < seconds:
        said = {"done": spent / seconds, "seconds_left": seconds - spent, "phase": "sampling"}
        write_text(product, json.dumps(said))
        time.sleep(0.1)


def digest_of(*paths):
    return text_digest("\n".join(Path(p).read_text() for p in paths))[:12]
