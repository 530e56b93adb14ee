-- 0001: people and the organizations they belong to.
-- Why: every request starts with "who is this user"; ids are WorkOS's own, so nothing has to be mapped.
-- Lock: none that anybody waits for; everything here is new.

-- The migrator makes the schema first, for its own table; psql users may not have.
CREATE SCHEMA IF NOT EXISTS connvo;

COMMENT ON SCHEMA connvo IS 'Who may enter which meeting, and a record of every token issued for one.';

-- Two exclusion constraints (0002) need btree_gist. It is a trusted extension: CREATE on the database is
-- enough. It goes to `public` to keep its two hundred functions out of connvo; where an administrator has
-- installed it in another schema already, this does nothing, and nothing here depends on the place: the
-- constraints use operators of pg_catalog, and default operator classes are found without search_path.
CREATE EXTENSION IF NOT EXISTS btree_gist
    WITH SCHEMA public;

-- The triggers that call this have WHEN (OLD.* IS DISTINCT FROM NEW.*): an upsert that changes nothing
-- must leave the row, updated_at included, alone.
CREATE FUNCTION connvo.set_updated_at()
    RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.updated_at := pg_catalog.now();
    RETURN NEW;
END;
$$;

COMMENT ON FUNCTION connvo.set_updated_at() IS 'Trigger: stamps updated_at when a row really changed.';

CREATE TABLE connvo.organizations (
    id text COLLATE "C" NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT organizations_pkey PRIMARY KEY (id),
    -- A bounded repetition ({1,255}) would make each match about ten times as slow.
    CONSTRAINT organizations_id_valid CHECK (id ~ '^[A-Za-z0-9_@-]+$' AND char_length(id) <= 255),
    CONSTRAINT organizations_name_valid CHECK (btrim(name) <> '' AND char_length(name) <= 255)
);

COMMENT ON TABLE connvo.organizations IS 'WorkOS organizations. One may pay for the meetings of all its members.';
COMMENT ON COLUMN connvo.organizations.id IS 'The WorkOS organization id (org_...), as it is.';
COMMENT ON COLUMN connvo.organizations.name IS 'Name shown to people.';
COMMENT ON COLUMN connvo.organizations.created_at IS 'When the row was inserted here.';
COMMENT ON COLUMN connvo.organizations.updated_at IS 'When the row last really changed; kept by trigger.';

CREATE TABLE connvo.users (
    id text COLLATE "C" NOT NULL,
    email text NOT NULL,
    display_name text,
    avatar_url text,
    organization_id text COLLATE "C",
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_pkey PRIMARY KEY (id),
    -- An organization that goes does not take its people with it.
    CONSTRAINT users_organization_id_fkey FOREIGN KEY (organization_id)
        REFERENCES connvo.organizations (id) ON DELETE SET NULL,
    CONSTRAINT users_id_valid CHECK (id ~ '^[A-Za-z0-9_@-]+$' AND char_length(id) <= 255),
    -- Not an address validator: enough that the part before the @ can stand in for a missing name.
    CONSTRAINT users_email_valid CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' AND char_length(email) <= 320),
    CONSTRAINT users_display_name_valid CHECK (btrim(display_name) <> '' AND char_length(display_name) <= 255),
    CONSTRAINT users_avatar_url_valid CHECK (avatar_url ~ '^https?://[^[:space:]]+$' AND char_length(avatar_url) <= 2048)
);

-- One account an address, however it is written.
CREATE UNIQUE INDEX users_email_key
    ON connvo.users (lower(email));

-- Members of an organization; also the ON DELETE SET NULL above.
CREATE INDEX users_organization_id_idx
    ON connvo.users (organization_id)
    WHERE organization_id IS NOT NULL;

COMMENT ON TABLE connvo.users IS 'One row per WorkOS user who has signed in. The verified subject of a bearer token is looked up here.';
COMMENT ON COLUMN connvo.users.id IS 'The WorkOS user id (user_...), byte for byte: it is the sub of the bearer token and the user_id of the Stream token.';
COMMENT ON COLUMN connvo.users.email IS 'E-mail address as written; unique without regard to case.';
COMMENT ON COLUMN connvo.users.display_name IS 'Name shown in meetings; null when the user has none, then the part of the e-mail before the @ is shown.';
COMMENT ON COLUMN connvo.users.avatar_url IS 'Picture shown in meetings; null when there is none.';
COMMENT ON COLUMN connvo.users.organization_id IS 'The organization the user belongs to; null for a person on their own.';
COMMENT ON COLUMN connvo.users.is_active IS 'False refuses every token of this user (Account deactivated).';
COMMENT ON COLUMN connvo.users.created_at IS 'When the row was inserted here.';
COMMENT ON COLUMN connvo.users.updated_at IS 'When the row last really changed; kept by trigger.';

CREATE TRIGGER organizations_set_updated_at
    BEFORE UPDATE ON connvo.organizations
    FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION connvo.set_updated_at();

CREATE TRIGGER users_set_updated_at
    BEFORE UPDATE ON connvo.users
    FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION connvo.set_updated_at();
