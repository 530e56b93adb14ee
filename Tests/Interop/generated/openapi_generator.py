"""Makes one call with the Python client of openapi-generator, and prints the result.

Reads JSON from standard input: address, bearer, endpoint (run or action), meetingId. Prints JSON: the HTTP status, the
name of the model that was parsed, and the model as an object; or an error. The generated client is in the working
directory.
"""

import json
import sys

sys.path.insert(0, ".")

import openapi_client  # noqa: E402
from openapi_client.models import Action, ActionAnswer, ActionArgs, Arguments, Call  # noqa: E402

call = json.load(sys.stdin)
configuration = openapi_client.Configuration(host=call["address"], access_token=call["bearer"])
meetings = openapi_client.MeetingsApi(openapi_client.ApiClient(configuration))
arguments = Arguments(meetingId=call["meetingId"])
try:
    try:
        if call["endpoint"] == "run":
            response = meetings.generate_participant_token_public_with_http_info(Call(args=arguments))
        else:
            path = "meetings/stream/index:generateParticipantTokenPublic"
            response = meetings.action_with_http_info(Action(path=path, args=ActionArgs(arguments)))
        http, model = response.status_code, response.data
        if isinstance(model, ActionAnswer):
            model = model.actual_instance
    except openapi_client.ApiException as refusal:
        http, model = refusal.status, refusal.data
    result = {"http": http, "model": type(model).__name__, "body": model.to_dict()}
except Exception as error:
    result = {"error": f"{type(error).__name__}: {error}"}
json.dump(result, sys.stdout)
