internal import ConvexAPI
internal import Domain
internal import JSON
internal import Persistence

// The form is described in docs/explain.md. Members may be added; those that are there keep their meaning.

extension Explanation {
    /// Writes the members of the object, which the caller has begun.
    func write(to json: inout JSONWriter) {
        json.object("request") { json in
            json.member("user_id", inquiry.request.callerID.rawValue)
            json.member("meeting_id", inquiry.request.meetingID.rawValue)
            json.member("role", orNull: inquiry.request.requestedRole?.rawValue)
            json.member("at", inquiry.at.shown)
            json.member("at_present", isAtPresent)
        }
        json.object("decision") { json in write(decisionTo: &json) }
        json.array("rules") { json in
            for step in steps { write(step, to: &json) }
        }
        json.object("quota") { json in
            json.member("limit", Int64(rules.requestsPerMinute))
            json.member("recorded", inquiry.facts.recentRequests)
            json.member("oldest_at", orNull: inquiry.facts.oldestRecentRequest?.shown)
        }
        json.object("facts") { json in write(factsTo: &json) }
        json.array("settings") { json in
            for value in settings {
                json.object { json in
                    json.member("name", value.setting.name)
                    json.member("value", orNull: value.text)
                    json.member("is_default", value.isDefault)
                }
            }
        }
        json.member("from_standby", inquiry.context.isFromStandby)
    }

    private func write(decisionTo json: inout JSONWriter) {
        switch decision {
        case .admitted(let admission):
            json.member("outcome", "admitted")
            json.member("role", admission.grantedRole.rawValue)
            json.member("stream_role", admission.streamRole)
            json.member("call_cid", admission.call.cid)
            json.member("tier_id", admission.subscription.tier.id.rawValue)
            json.member("subscription_id", admission.subscription.id.description)
        case .refused(let refusal):
            json.member("outcome", "refused")
            json.member("reason", refusal.reason)
            json.member("row", Int64(Refusal.Reason(refusal).row))
            if case .meetingNotOpen(let opensAt) = refusal { json.member("opens_at", opensAt.shown) }
        case .rateLimited(let retryAfter):
            json.member("outcome", "rate_limited")
            json.member("reason", RuleStep.quotaReason)
            json.member("row", 17)
            json.member("retry_after", retryAfter)
        }
        guard let response else { return }
        json.member("http_status", Int64(response.status))
        json.member("code", response.code)
        json.member("message", response.message)
    }

    private func write(_ step: RuleStep, to json: inout JSONWriter) {
        json.object { json in
            json.member("row", Int64(step.row))
            json.member("reason", step.reason)
            json.member("verdict", step.verdict.rawValue)
            json.member("decides", step.decides)
            json.member("requirement", step.requirement)
            json.member("found", step.found)
            json.member("remedy", orNull: step.remedy)
        }
    }

    private func write(factsTo json: inout JSONWriter) {
        json.key("user")
        if let caller = facts.caller {
            json.object { json in
                json.member("id", caller.id.rawValue)
                json.member("email", caller.email)
                json.member("display_name", orNull: caller.displayName)
                json.member("is_active", caller.isActive)
            }
        } else {
            json.null()
        }
        json.key("meeting")
        if let meeting = facts.meeting {
            json.object { json in
                json.member("id", meeting.id.rawValue)
                json.member("title", orNull: inquiry.context.meetingTitle)
                json.member("state", meeting.state.rawValue)
                json.member("scheduled_at", orNull: meeting.scheduledAt?.shown)
                json.member("organizer_id", meeting.organizerID.rawValue)
                json.member("organizer_email", orNull: inquiry.context.organizerEmail)
                json.member("organization_id", orNull: meeting.organizationID?.rawValue)
                json.member("call_cid", orNull: meeting.streamCall?.cid)
            }
        } else {
            json.null()
        }
        json.key("participant")
        if let participation = facts.participation {
            json.object { json in
                json.member("role", participation.role.rawValue)
                json.member("removed_at", orNull: participation.removedAt?.shown)
            }
        } else {
            json.null()
        }
        json.array("subscriptions") { json in
            for (subscription, obstacle) in subscriptions { write(subscription, obstacle, to: &json) }
        }
    }

    private func write(_ subscription: Subscription, _ obstacle: Subscription.Obstacle?, to json: inout JSONWriter) {
        json.object { json in
            json.member("id", subscription.id.description)
            switch subscription.owner {
            case .user(let id):
                json.member("user_id", id.rawValue)
                json.member("organization_id", orNull: nil)
            case .organization(let id):
                json.member("user_id", orNull: nil)
                json.member("organization_id", id.rawValue)
            }
            json.member("tier_id", subscription.tier.id.rawValue)
            json.member("tier_is_paid", subscription.tier.isPaid)
            json.member("status", subscription.status.rawValue)
            json.member("starts_at", subscription.startsAt.shown)
            json.member("ends_at", orNull: subscription.endsAt?.shown)
            json.member("past_due_since", orNull: subscription.pastDueSince?.shown)
            json.member("obstacle", orNull: obstacle?.rawValue)
        }
    }
}
