"""`python -m tests.faults.worker …`: `mailer …` with the faults $MAILER_TEST_FAULTS asks for."""

import json
import os
import sys

from mailer.cli import main
from tests.faults.hooks import VARIABLE, apply_faults

if __name__ == "__main__":
    apply_faults(**json.loads(os.environ[VARIABLE]))
    sys.argv[0] = "mailer"
    main.run()
