"""Makes one call with the Convex client of the interpreter that runs this, and prints the result.

Reads JSON from standard input: address, bearer (or null), function, arguments, kind (action, query or mutation), and
client ("http", or "websocket" for the one that keeps a WebSocket open).
"""

import json
import sys

import convex

try:
    from convex.http_client import ConvexHttpClient as Client
except ImportError:
    from convex import ConvexClient as Client

call = json.load(sys.stdin)
if call["client"] == "websocket":
    Client = convex.ConvexClient
client = Client(call["address"])
if call["bearer"] is not None:
    client.set_auth(call["bearer"])
result = {"version": convex.__version__}
try:
    result["value"] = getattr(client, call["kind"])(call["function"], call["arguments"])
except Exception as error:
    result |= {"error": type(error).__name__, "text": str(error), "data": getattr(error, "data", None)}
json.dump(result, sys.stdout)
