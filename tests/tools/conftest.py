# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets the tests of the tools import them."""
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
