"""`python -m stillroom_cli` is the `stillroom` command."""

import sys

from stillroom_cli.main import main

sys.exit(main())
