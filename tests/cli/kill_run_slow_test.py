"""kill_run_test with 100 kills over all stages and 20 while checkpoints are written."""

import os
import unittest

os.environ.setdefault("CTFORGE_KILLS", "100")
os.environ.setdefault("CTFORGE_CHECKPOINT_KILLS", "20")

from kill_run_test import KillRunTest  # noqa: E402, F401: the numbers are read when it is imported

if __name__ == "__main__":
    unittest.main()
