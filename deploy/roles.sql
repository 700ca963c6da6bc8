-- The two roles of PostgreSQL that Tael is run with, and what each may do.
--
--   tael_owner  owns the tables. It runs `manage.py migrate` and `manage.py createsuperuser`.
--   tael_app    runs Tael: web servers, workers, timetable. It owns nothing: it makes and changes no
--               table, switches no trigger off, empties nothing, deletes nothing that is kept for
--               ever, makes no superuser and changes no role's permissions.
--
-- Run it as a superuser of the database, before the first `migrate` and after each one:
--
--   psql --set ON_ERROR_STOP=1 --dbname tael --file deploy/roles.sql
--
-- Where the books are in cells, run it after each `manage.py cells begin` or `add`, too.
--
-- It may run as often as you like, and has no passwords: give them with \password tael_owner and
-- \password tael_app. tests/config/test_database_roles.py tries all of it.

DO $roles$
DECLARE
    space text;
    table_name text;
    -- What people and our own housekeeping take away; all else is kept.
    deletable text[] := ARRAY[
        'django_session', 'usersessions_usersession', 'account_emailaddress',
        'account_emailconfirmation', 'mfa_authenticator', 'merchants_membership',
        'merchants_user_groups', 'merchants_user_user_permissions', 'jobs_jobrun',
        'jobs_jobfailure', 'merchants_signin', 'jobs_lease', 'gateway_receivedevent',
        'merchants_securitymail', 'merchants_invitation', 'notices_noticemail',
        'merchants_savedview', 'billing_archivepart'
    ];
    -- What is written by migrations alone: the roles of our own people and what they may do.
    fixed text[] := ARRAY[
        'django_migrations', 'django_content_type', 'auth_group', 'auth_permission',
        'auth_group_permissions'
    ];
    -- Nobody has permissions besides those of their roles: they may be looked at and taken.
    taken_only text[] := ARRAY['merchants_user_user_permissions'];
    -- What is written once. (Triggers keep more tables so, which are locked row by row.)
    written_once text[] := ARRAY[
        'trail_trailentry', 'credit_limitentry', 'credit_proceedsentry'
    ];
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tael_owner') THEN
        CREATE ROLE tael_owner LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tael_app') THEN
        CREATE ROLE tael_app LOGIN;
    END IF;

    -- `migrate` says whose transaction it waits for.
    GRANT pg_read_all_stats TO tael_owner;
    -- Each cell's books are in a schema of their own, which the owner makes (manage.py cells).
    EXECUTE format('GRANT CREATE ON DATABASE %I TO tael_owner', current_database());

    FOR space IN SELECT nspname FROM pg_namespace
        WHERE nspname = 'public' OR nspname ~ '^cell_[1-9][0-9]{0,3}$'
    LOOP
        EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', space);
        EXECUTE format('REVOKE ALL ON SCHEMA %I FROM tael_app', space);
        EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO tael_owner', space);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO tael_app', space);

        FOR table_name IN SELECT tablename FROM pg_tables WHERE schemaname = space LOOP
            -- It locks the table, so that all who read it would wait: not where it is so already.
            IF NOT EXISTS (SELECT FROM pg_tables WHERE schemaname = space
                           AND tablename = table_name AND tableowner = 'tael_owner') THEN
                EXECUTE format('ALTER TABLE %I.%I OWNER TO tael_owner', space, table_name);
            END IF;
            EXECUTE format('REVOKE ALL ON %I.%I FROM PUBLIC, tael_app', space, table_name);
            EXECUTE format('GRANT SELECT ON %I.%I TO tael_app', space, table_name);
            IF NOT table_name = ANY (fixed || taken_only) THEN
                EXECUTE format('GRANT INSERT ON %I.%I TO tael_app', space, table_name);
                IF NOT table_name = ANY (written_once) THEN
                    EXECUTE format('GRANT UPDATE ON %I.%I TO tael_app', space, table_name);
                END IF;
            END IF;
            IF table_name = ANY (deletable) THEN
                EXECUTE format('GRANT DELETE ON %I.%I TO tael_app', space, table_name);
            END IF;
            -- A name that is written once may become a pseudonym (lib/erasing.py): triggers allow
            -- no more.
            IF table_name = 'trail_trailentry' THEN
                EXECUTE format('GRANT UPDATE (actor, subject, before, after) ON %I.%I TO tael_app',
                               space, table_name);
            ELSIF table_name = 'credit_limitentry' THEN
                EXECUTE format('GRANT UPDATE (actor) ON %I.%I TO tael_app', space, table_name);
            END IF;
        END LOOP;
        EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM PUBLIC, tael_app', space);
        EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA %I TO tael_app', space);
    END LOOP;
END
$roles$;
