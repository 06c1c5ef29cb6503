"""What all tests share: a throw-away home, so that no test touches a real one."""

import os
import tempfile

os.environ["HEADWAY_HOME"] = tempfile.mkdtemp(prefix="headway-test-")
