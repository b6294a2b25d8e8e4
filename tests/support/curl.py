#!/usr/bin/env python3
"""As much of curl as the guides use, for machines that have none: ``curl -s [-H HEADER] [-d BODY] URL``."""

import argparse
import sys
import urllib.request

parser = argparse.ArgumentParser(prog="curl")
parser.add_argument("-s", action="store_true")
parser.add_argument("-H", action="append", default=[])
parser.add_argument("-d")
parser.add_argument("url")
given = parser.parse_args()
headers = dict(header.split(": ", 1) for header in given.H)
body = None if given.d is None else given.d.encode()
with urllib.request.urlopen(urllib.request.Request(given.url, body, headers)) as answer:  # noqa: S310 - our own server
    sys.stdout.write(answer.read().decode())
