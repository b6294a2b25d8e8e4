"""httpx for servers of this machine: without certificates, which take longer to read for each call than its answer."""

from functools import partial

import httpx

Client = partial(httpx.Client, verify=False)
get = partial(httpx.get, verify=False)
post = partial(httpx.post, verify=False)
delete = partial(httpx.delete, verify=False)
stream = partial(httpx.stream, verify=False)
