"""Prints what an address answers, as curl does: `ask.py URL [AUTHORIZATION]`."""

import sys
import urllib.error
import urllib.request

url, *authorization = sys.argv[1:]
request = urllib.request.Request(
    url, headers={"Authorization": authorization[0]} if authorization else {}
)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    answer = opener.open(request, timeout=10)
except urllib.error.HTTPError as error:
    answer = error
sys.stdout.write(answer.read().decode())
