"""`python -m excel2doc`"""

import sys

from excel2doc.command import main

sys.exit(main())
