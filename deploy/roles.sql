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
-- It may run as often as you like, and has no passwords: give them with \password tael_owner and
-- \password tael_app. tests/config/test_database_roles.py tries all of it.

DO $roles$
DECLARE
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
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    REVOKE ALL ON SCHEMA public FROM tael_app;
    GRANT USAGE, CREATE ON SCHEMA public TO tael_owner;
    GRANT USAGE ON SCHEMA public TO tael_app;

    FOR table_name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        -- It locks the table, so that all who read it would wait: not where it is so already.
        IF NOT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public'
                       AND tablename = table_name AND tableowner = 'tael_owner') THEN
            EXECUTE format('ALTER TABLE public.%I OWNER TO tael_owner', table_name);
        END IF;
        EXECUTE format('REVOKE ALL ON public.%I FROM PUBLIC, tael_app', table_name);
        EXECUTE format('GRANT SELECT ON public.%I TO tael_app', table_name);
        IF NOT table_name = ANY (fixed || taken_only) THEN
            EXECUTE format('GRANT INSERT ON public.%I TO tael_app', table_name);
            IF NOT table_name = ANY (written_once) THEN
                EXECUTE format('GRANT UPDATE ON public.%I TO tael_app', table_name);
            END IF;
        END IF;
        IF table_name = ANY (deletable) THEN
            EXECUTE format('GRANT DELETE ON public.%I TO tael_app', table_name);
        END IF;
    END LOOP;
    -- A name that is written once may become a pseudonym (lib/erasing.py): triggers allow no more.
    -- Before the first `migrate` there are no tables.
    IF to_regclass('public.trail_trailentry') IS NOT NULL THEN
        GRANT UPDATE (actor, subject, before, after) ON public.trail_trailentry TO tael_app;
        GRANT UPDATE (actor) ON public.credit_limitentry TO tael_app;
    END IF;
    REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, tael_app;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO tael_app;
END
$roles$;
