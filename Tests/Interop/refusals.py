"""One request for each refusal of the function (docs/errors.md, rows 6 to 16). The data is sql/seed/demo.json and
`meeting_early`.

The names are those of the examples in openapi.yaml.
"""

HERE = "meeting_123example"

# name: who asks, and with which arguments
REFUSALS = {
    "invalidArgument": ("user_workos_123", {}),
    "unknownRole": ("user_workos_123", {"meetingId": HERE, "role": "admin"}),
    "notProvisioned": ("user_nobody", {"meetingId": HERE}),
    "deactivated": ("user_dora_deactivated", {"meetingId": HERE}),
    "meetingNotFound": ("user_workos_123", {"meetingId": "meeting_nowhere"}),
    "notAParticipant": ("user_frank_free", {"meetingId": HERE}),
    "meetingEnded": ("user_workos_123", {"meetingId": "meeting_concluded"}),
    "meetingNotOpen": ("user_bob_cohost", {"meetingId": "meeting_early"}),
    "notPaid": ("user_workos_123", {"meetingId": "meeting_on_free_tier"}),
    "noCall": ("user_bob_cohost", {"meetingId": "meeting_without_call"}),
    "roleAboveOwn": ("user_bob_cohost", {"meetingId": HERE, "role": "host"}),
    "roleNotAdmitted": ("user_oscar_observer", {"meetingId": HERE}),
}
