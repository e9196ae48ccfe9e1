# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests of a folder for chart.sh. With --skip-nothing a test that is skipped has failed: unittest itself would call that a success."""

import argparse
import sys
import unittest

options = argparse.ArgumentParser()
options.add_argument("folder")
options.add_argument("--skip-nothing", action="store_true")
options = options.parse_args()

result = unittest.TextTestRunner().run(unittest.defaultTestLoader.discover(options.folder))
for test, reason in result.skipped:
    print(f"chart: {test} was skipped: {reason}", file=sys.stderr)
# An empty folder has not passed.
sys.exit(not result.wasSuccessful() or result.testsRun == 0 or (options.skip_nothing and bool(result.skipped)))
