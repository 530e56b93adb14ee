-- 0002: tiers, and who pays for which tier when.
-- Why: a token is issued only for a meeting whose organizer, or the organizer's organization, pays now.
-- Lock: SHARE ROW EXCLUSIVE on users and organizations while the foreign keys are added; both are empty or small.

-- A table and not an enum: a tier carries attributes, and one that is retired must be removable.
CREATE TABLE connvo.subscription_tiers (
    id text COLLATE "C" NOT NULL,
    display_name text NOT NULL,
    is_paid boolean NOT NULL,
    rank integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT subscription_tiers_pkey PRIMARY KEY (id),
    CONSTRAINT subscription_tiers_id_valid CHECK (id ~ '^[A-Za-z0-9_-]+$' AND char_length(id) <= 64),
    CONSTRAINT subscription_tiers_display_name_valid CHECK (btrim(display_name) <> '' AND char_length(display_name) <= 255),
    CONSTRAINT subscription_tiers_rank_valid CHECK (rank >= 0)
);

COMMENT ON TABLE connvo.subscription_tiers IS 'What can be subscribed to. free, pro, business and enterprise come with the migrations.';
COMMENT ON COLUMN connvo.subscription_tiers.id IS 'Slug of the tier; copied to records.';
COMMENT ON COLUMN connvo.subscription_tiers.display_name IS 'Name shown to people.';
COMMENT ON COLUMN connvo.subscription_tiers.is_paid IS 'Whether a meeting on this tier may have tokens.';
COMMENT ON COLUMN connvo.subscription_tiers.rank IS 'Of several subscriptions that cover a meeting, the highest rank wins.';
COMMENT ON COLUMN connvo.subscription_tiers.created_at IS 'When the row was inserted here.';
COMMENT ON COLUMN connvo.subscription_tiers.updated_at IS 'When the row last really changed; kept by trigger.';

INSERT INTO connvo.subscription_tiers
    (id, display_name, is_paid, rank)
VALUES
    ('free', 'Free', false, 0),
    ('pro', 'Pro', true, 10),
    ('business', 'Business', true, 20),
    ('enterprise', 'Enterprise', true, 30);

CREATE TABLE connvo.subscriptions (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id text COLLATE "C",
    organization_id text COLLATE "C",
    tier_id text COLLATE "C" NOT NULL,
    status text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz,
    past_due_since timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT subscriptions_pkey PRIMARY KEY (id),
    -- RESTRICT three times: who paid for what must not vanish because its owner or its tier did.
    CONSTRAINT subscriptions_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES connvo.users (id) ON DELETE RESTRICT,
    CONSTRAINT subscriptions_organization_id_fkey FOREIGN KEY (organization_id)
        REFERENCES connvo.organizations (id) ON DELETE RESTRICT,
    CONSTRAINT subscriptions_tier_id_fkey FOREIGN KEY (tier_id)
        REFERENCES connvo.subscription_tiers (id) ON DELETE RESTRICT,
    CONSTRAINT subscriptions_one_owner CHECK (num_nonnulls(user_id, organization_id) = 1),
    CONSTRAINT subscriptions_status_known CHECK (
        status IN ('trialing', 'active', 'past_due', 'paused', 'unpaid', 'incomplete', 'canceled')
    ),
    CONSTRAINT subscriptions_ends_after_start CHECK (ends_at > starts_at),
    CONSTRAINT subscriptions_past_due_since_agrees CHECK ((status = 'past_due') = (past_due_since IS NOT NULL)),
    -- "Open" is written as null; infinity would be a second way, and one that clients cannot print.
    CONSTRAINT subscriptions_times_finite CHECK (
        isfinite(starts_at) AND isfinite(ends_at) AND isfinite(past_due_since)
    ),
    -- Seeding matches a subscription without an id on this. Not deferrable: it is an ON CONFLICT arbiter.
    CONSTRAINT subscriptions_owner_starts_at_key UNIQUE NULLS NOT DISTINCT (user_id, organization_id, starts_at),
    -- At any instant at most one subscription of an owner grants access. Half-open periods abut without
    -- overlapping. Deferrable, so that periods can be moved in any order (SET CONSTRAINTS … DEFERRED).
    CONSTRAINT subscriptions_user_periods_disjoint EXCLUDE USING gist (
        user_id WITH OPERATOR(pg_catalog.=),
        tstzrange(starts_at, ends_at, '[)') WITH OPERATOR(pg_catalog.&&)
    )
        WHERE (status IN ('trialing', 'active', 'past_due') AND user_id IS NOT NULL)
        DEFERRABLE INITIALLY IMMEDIATE,
    CONSTRAINT subscriptions_organization_periods_disjoint EXCLUDE USING gist (
        organization_id WITH OPERATOR(pg_catalog.=),
        tstzrange(starts_at, ends_at, '[)') WITH OPERATOR(pg_catalog.&&)
    )
        WHERE (status IN ('trialing', 'active', 'past_due') AND organization_id IS NOT NULL)
        DEFERRABLE INITIALLY IMMEDIATE
);

-- The request path: the one subscription of the organizer that grants access now. Because granting periods
-- are disjoint, it is the latest that has started, if any is.
CREATE INDEX subscriptions_user_granting_idx
    ON connvo.subscriptions (user_id, starts_at DESC)
    WHERE status IN ('trialing', 'active', 'past_due') AND user_id IS NOT NULL;

-- The request path: the same for the organizer's organization.
CREATE INDEX subscriptions_organization_granting_idx
    ON connvo.subscriptions (organization_id, starts_at DESC)
    WHERE status IN ('trialing', 'active', 'past_due') AND organization_id IS NOT NULL;

-- Deleting an organization looks for its subscriptions in every status. (A user's are found by
-- subscriptions_owner_starts_at_key; tiers are few.)
CREATE INDEX subscriptions_organization_id_idx
    ON connvo.subscriptions (organization_id)
    WHERE organization_id IS NOT NULL;

COMMENT ON TABLE connvo.subscriptions IS 'Who pays for which tier from when to when. Periods that grant access never overlap for one owner.';
COMMENT ON COLUMN connvo.subscriptions.id IS 'Id of the subscription; copied to records.';
COMMENT ON COLUMN connvo.subscriptions.user_id IS 'The user who pays; null when an organization does.';
COMMENT ON COLUMN connvo.subscriptions.organization_id IS 'The organization that pays, for the meetings of all its members; null when a user does.';
COMMENT ON COLUMN connvo.subscriptions.tier_id IS 'What is paid for.';
COMMENT ON COLUMN connvo.subscriptions.status IS 'trialing, active and past_due (within the grace period) grant access; paused, unpaid, incomplete and canceled do not.';
COMMENT ON COLUMN connvo.subscriptions.starts_at IS 'First instant of the period.';
COMMENT ON COLUMN connvo.subscriptions.ends_at IS 'First instant after the period; null while it is open.';
COMMENT ON COLUMN connvo.subscriptions.past_due_since IS 'When payment failed; set exactly while the status is past_due, the grace period counts from it.';
COMMENT ON COLUMN connvo.subscriptions.created_at IS 'When the row was inserted here.';
COMMENT ON COLUMN connvo.subscriptions.updated_at IS 'When the row last really changed; kept by trigger.';

CREATE TRIGGER subscription_tiers_set_updated_at
    BEFORE UPDATE ON connvo.subscription_tiers
    FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION connvo.set_updated_at();

CREATE TRIGGER subscriptions_set_updated_at
    BEFORE UPDATE ON connvo.subscriptions
    FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION connvo.set_updated_at();
