"""Makes one call with the client of openapi-python-client, and prints the result.

Reads JSON from standard input: address, bearer, endpoint (run or action), meetingId. Prints JSON: the HTTP status, the
name of the model that was parsed, and the model as an object; or an error. The generated client is in the working
directory.
"""

import json
import sys

sys.path.insert(0, ".")

from connvo.api.meetings import action, generate_participant_token_public  # noqa: E402
from connvo.client import AuthenticatedClient  # noqa: E402
from connvo.models import Action, ActionPath, Arguments, Call  # noqa: E402

call = json.load(sys.stdin)
client = AuthenticatedClient(base_url=call["address"], token=call["bearer"], raise_on_unexpected_status=True)
arguments = Arguments(meeting_id=call["meetingId"])
try:
    if call["endpoint"] == "run":
        response = generate_participant_token_public.sync_detailed(client=client, body=Call(args=arguments))
    else:
        path = ActionPath.MEETINGSSTREAMINDEXGENERATEPARTICIPANTTOKENPUBLIC
        response = action.sync_detailed(client=client, body=Action(path=path, args=arguments))
    result = {
        "http": int(response.status_code), "model": type(response.parsed).__name__, "body": response.parsed.to_dict()
    }
except Exception as error:
    result = {"error": f"{type(error).__name__}: {error}"}
json.dump(result, sys.stdout)
