"""What drafts are in files, and when they are due. Free of torch, so that the window may ask.

    told.json    {"format": 1, "maps": 10, "labels": 12, "doubts": {"5f0c…": 0.41, …}}
    5f0c….png    how likely each label is at each place, uint8 (labels · h, w): plane below plane

Photos go by the mark of their content, see ``trainer.files.pair_store.Origin``. While it learns, the trainer
notes in ``progress.json`` how far it is, {"share": 0.4, "photos": 3}. ``told.json`` is written after every
few photos, with "whole": false until all were read; the others are in it by their drafts of before.
"""

from __future__ import annotations

FORMAT = 1
RESULTS, PROGRESS = "told.json", "progress.json"
SEEN = "seen"
"""The folder of what was seen in photos that are learnt from, see ``trainer.drafting.remembering``."""
FEWEST = 5
"""Maps from which on something can be learnt, and after which it is learnt anew."""
