#!/usr/bin/env bash
# Walks through docs/operations.md on real PostgreSQL, Redis and nginx, from an empty machine to an
# upgrade. The commands are those of the document: its blocks ```sh NAME, which are called up below
# by name (step NAME), in its order. What the document leaves to a hand, or looks at, is written here.
#
#   deploy/walk.sh                 prints OK or FAILED for each step
#   KEEP=1 deploy/walk.sh          leaves the file system, with logs in var/log/walk, for a look
#   CACHE=/var/tmp/x deploy/walk.sh  keeps the installed Python packages there for the next walk
#
# It has to be root on a Debian. All of it happens in a copy of this machine (an overlay), with a
# network of its own that has nothing but loopback, and with processes that end with the walk; only
# the steps `packages` and `code` reach package servers. The last commit is what is installed. No
# systemd runs there: deploy/walk/systemctl starts the units' commands in its place.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)

# --- outside: a copy of the machine --------------------------------------------------------------

if [ "${1:-}" != inside ]; then
    if [ "$(id -u)" != 0 ]; then
        echo "Run it as root: it makes mounts and users, in a copy of this machine." >&2
        exit 2
    fi
    base=$(mktemp -d "${TMPDIR:-/var/tmp}/tael-walk.XXXXXX")
    finish() {
        if [ -n "${KEEP:-}" ]; then
            echo "The file system is in $base/upper"
        else
            rm -rf --one-file-system "$base"
        fi
    }
    trap finish EXIT
    # unshare itself ignores being told to end; what is in its namespaces ends with it.
    trap '[ -z "${child:-}" ] || kill -KILL "$child" 2>/dev/null; exit 130' INT TERM

    within() {
        unshare --mount --pid --fork --kill-child "$@" </dev/null &
        child=$!
        wait "$child"
    }
    mkdir "$base/upper" "$base/work" "$base/root"
    git clone --quiet "$here" "$base/code"
    echo "Walking through docs/operations.md of $(git -C "$base/code" log -1 --format='%h %s') ..."
    enter='
        set -e
        base=$1 cache=$2 part=$3
        mount --make-rprivate /
        mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$base/root"
        mount -t proc proc "$base/root/proc"
        mount --rbind /dev "$base/root/dev"
        mount -t tmpfs tmpfs "$base/root/run"
        mkdir -p "$base/root/srv/walk" "$base/root/srv/walk-cache"
        mount --bind "$base/code" "$base/root/srv/walk"
        if [ -n "$cache" ]; then
            mkdir -p "$cache"
            mount --bind "$cache" "$base/root/srv/walk-cache"
        fi
        exec chroot "$base/root" bash /srv/walk/deploy/walk.sh inside "$part" </dev/null
    '
    within bash -c "$enter" - "$base" "${CACHE:-}" install
    within --net bash -c "$enter" - "$base" "${CACHE:-}" run
    exit
fi

# --- inside: how a step is taken -----------------------------------------------------------------

book=/srv/walk/docs/operations.md
helpers=/srv/walk/deploy/walk
log=/var/log/walk/steps.log
export PATH=/run/walk/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
begun=$SECONDS
umask 022
mkdir -p /run/walk/bin /run/walk/mails /var/log/walk
ln -sf "$helpers/systemctl" /run/walk/bin/systemctl
git config --global --add safe.directory '*'

# Do something; one line for it, and all that it said where it fails.
try() {
    local what=$1
    shift
    set +e
    (
        set -e
        "$@"
    ) >/run/walk/said 2>&1
    local status=$?
    set -e
    if [ $status = 0 ]; then
        printf 'OK      %4ds  %s\n' $((SECONDS - begun)) "$what"
        cat /run/walk/said >>$log
    else
        printf 'FAILED  %4ds  %s\n' $((SECONDS - begun)) "$what"
        cat /run/walk/said
        tail -n 5 /var/log/walk/tael-*.log /var/log/nginx/error.log 2>/dev/null || true
        exit 1
    fi
}

# The commands of one block of the book, as they stand there.
step() {
    /usr/bin/python3 $helpers/blocks.py $book "$1" >/run/walk/commands
    try "operations.md: $1" bash -euo pipefail /run/walk/commands
}

# What the book expects to be told: a command's output has these words.
says() {
    local words=$1
    shift
    "$@" 2>&1 | tee /run/walk/output
    grep -qF -- "$words" /run/walk/output
}

refuses() {
    ! "$@"
}

people() {
    /usr/bin/python3 $helpers/people.py "$@"
}

sql() {
    runuser -u postgres -- psql --no-psqlrc --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname tael --command "$1"
}

answers() { # STATUS, curl's arguments
    local status=$1
    shift
    says "status $status" curl --silent --output /run/walk/body --cacert /etc/tael/tls/fullchain.pem \
        --write-out 'status %{http_code} %{redirect_url}\n' "$@"
}

# --- packages and code ---------------------------------------------------------------------------

# The packages of an earlier walk, where they are those that the code asks for.
use_cache() {
    if cmp -s /srv/tael/requirements.txt /srv/walk-cache/requirements.txt; then
        mkdir -p /srv/tael/.venv
        mount --bind /srv/walk-cache/.venv /srv/tael/.venv
        touch /srv/tael/.venv/installed
    fi
}

keep_cache() {
    if mountpoint --quiet /srv/walk-cache && ! cmp -s /srv/tael/requirements.txt /srv/walk-cache/requirements.txt; then
        rm -rf /srv/walk-cache/.venv
        cp -a /srv/tael/.venv /srv/tael/requirements.txt /srv/walk-cache/
    fi
}

install_part() {
    step packages
    step user
    try "the code is laid down" git clone --quiet /srv/walk /srv/tael
    use_cache
    step code
    keep_cache
}

# --- an empty machine ----------------------------------------------------------------------------

# Debian's packages start their servers as they are installed; nobody has used them yet.
debian_starts() {
    ip link set lo up
    systemd-tmpfiles --create --prefix=/run 2>/dev/null || true
    echo "127.0.0.1 localhost tael.example" >/etc/hosts
    local version
    version=$(pg_lsclusters --no-header | awk 'NR == 1 { print $1 }')
    if [ -n "$version" ]; then
        pg_dropcluster --stop "$version" main
    else
        version=$(ls /usr/lib/postgresql | sort -V | tail -1)
    fi
    pg_createcluster "$version" main >/dev/null
    systemctl start "postgresql@$version-main" redis-server
    nohup /usr/bin/python3 $helpers/mailbox.py 25 /run/walk/mails >/var/log/walk/mailbox.log 2>&1 &
}

# What an engineer writes into the environment: here, that the mail server is this machine.
by_hand() {
    sed -i -e 's/^EMAIL_HOST=.*/EMAIL_HOST=127.0.0.1/' -e 's/^EMAIL_PORT=.*/EMAIL_PORT=25/' \
        -e 's/^EMAIL_USE_TLS=.*/EMAIL_USE_TLS=0/' /etc/tael/environment
}

only_root_reads_secrets() {
    refuses runuser -u tael -- cat /etc/tael/environment
    refuses runuser -u tael -- cat /etc/tael/owner
}

# Within the book's bounds: the app's role owns nothing.
app_is_bounded() {
    refuses runuser -u postgres -- psql --set ON_ERROR_STOP=1 --dbname tael --command \
        'SET ROLE tael_app; TRUNCATE billing_charge'
    refuses runuser -u postgres -- psql --set ON_ERROR_STOP=1 --dbname tael --command \
        'SET ROLE tael_app; CREATE TABLE mine ()'
}

past() {
    local joined placed
    joined=$(date --utc --date '3 days ago' +%FT%TZ)
    placed=$(date --utc --date '2 days ago' +%FT%TZ)
    cat >/var/lib/tael/events.jsonl <<END
{"id": "1", "type": "merchant.joined", "at": "$joined", "merchant": "rosewood", "data": {"name": "Rosewood Dresses", "currency": "USD", "timezone": "UTC", "language": "en", "credit_limit": "5000.00", "payment_days": 10, "settlement_days": 7, "billing_threshold": "200.00", "plan": "basic", "plan_price": "0", "plan_interval_days": 30}}
{"id": "2", "type": "order.placed", "at": "$placed", "merchant": "rosewood", "data": {"order": "O-1", "buyer": "Somchai", "amount": "25.00", "currency": "USD", "instalments": 1}}
END
    chown tael: /var/lib/tael/events.jsonl
}

first_part() {
    use_cache
    try "PostgreSQL, Redis and a mail server run" debian_starts
    step environment
    try "by hand: the mail server" by_hand
    try "secrets are root's" only_root_reads_secrets
    step database
    step tables
    try "tael_app is bounded" app_is_bounded
    try "a past to move in with" past
    step moving-in
    step tls
    step nginx
    step units
    step ready
}

# --- people --------------------------------------------------------------------------------------

behind_nginx() {
    answers 301 http://tael.example/accounts/login/
    answers 200 https://tael.example/accounts/login/
    grep -q 'Set-Cookie: __Host-csrftoken' <(curl --silent --head --cacert /etc/tael/tls/fullchain.pem https://tael.example/accounts/login/ | sed 's/^set-cookie/Set-Cookie/I')
    # Another name is not ours, whatever the handshake says.
    refuses curl --silent --insecure --connect-to other.example:443:127.0.0.1:443 https://other.example/
    head --bytes 7M /dev/zero >/run/walk/large
    answers 413 --data-binary @/run/walk/large https://tael.example/accounts/login/
    answers 200 https://tael.example/readyz/web
}

# Who signed in is who nginx saw, whatever a client claims.
address_is_nginxs() {
    curl --silent --output /dev/null --cacert /etc/tael/tls/fullchain.pem --cookie-jar /run/walk/jar https://tael.example/accounts/login/
    local token
    token=$(awk '/__Host-csrftoken/ { print $7 }' /run/walk/jar)
    curl --silent --output /dev/null --cacert /etc/tael/tls/fullchain.pem --cookie /run/walk/jar \
        --header 'X-Forwarded-For: 203.0.113.9' --header 'Referer: https://tael.example/accounts/login/' \
        --data "csrfmiddlewaretoken=$token&login=nobody@tael.example&password=wrong" https://tael.example/accounts/login/
    says 127.0.0.1 sql "SELECT ip FROM merchants_signin WHERE address = 'nobody@tael.example'"
}

create_first_operator() {
    /usr/bin/python3 $helpers/blocks.py $book operator >/run/walk/commands
    people superuser first@tael.example -- bash -euo pipefail /run/walk/commands
}

people_part() {
    try "nginx: TLS, hosts, sizes" behind_nginx
    try "nginx: whose address counts" address_is_nginxs
    try "operations.md: operator" create_first_operator
    try "the first operator proves the address and sets up a factor" people first first@tael.example
    try "an administrator invites a merchant's owner" people invite first@tael.example rosewood owner@rosewood.example
    try "the owner joins; the overview and its static files" people join owner@rosewood.example rosewood
    step healthy
}

# --- later ---------------------------------------------------------------------------------------

copy_asks_nobody() {
    says "no provider is asked" tael --with trial prefix
    tael --with trial prefix TRIAL
    says "Prefix TRIAL" tael --with trial prefix
    says "providers are asked" tael --with trial prefix
}

keys_are_new() {
    [ "$(sed -n 's/^TAEL_ENCRYPTION_KEYS=//p' /etc/tael/environment)" != "$(cat /run/walk/keys)" ]
    refuses grep -q "^TAEL_ENCRYPTION_KEYS=.*," /etc/tael/environment
    tael audit
}

later_part() {
    step backup
    step restore
    step trial
    try "a restored copy asks no provider until it has a prefix" copy_asks_nobody
    sed -n 's/^TAEL_ENCRYPTION_KEYS=//p' /etc/tael/environment >/run/walk/keys
    step keys
    step ready
    try "no old key is left, and the books are sound" keys_are_new
    try "the operator's factor opens with the new key" people again first@tael.example
    step upgrade
    step healthy
    try "the operator signs in after the upgrade" people again first@tael.example
}

# --- more than one server ------------------------------------------------------------------------

# What an engineer adds to the settings; the last line of a name counts.
set_also() {
    printf '%s\n' "$@" >>/etc/tael/environment
    systemctl restart tael-web tael-worker tael-providers tael-beat tael-metrics
}

replica_answers_pages() {
    local version data app
    version=$(ls /usr/lib/postgresql | sort -V | tail -1)
    data=/var/lib/postgresql/$version/replica
    app=$(sed -nE 's|^DATABASE_URL=[^:]*://[^:]*:([^@]*)@.*|\1|p' /etc/tael/environment)
    pg_createcluster --port 5433 "$version" replica >/dev/null
    rm -rf "$data"
    runuser -u postgres -- pg_basebackup --write-recovery-conf --checkpoint fast --pgdata "$data"
    systemctl start "postgresql@$version-replica"
    set_also "TAEL_REPLICA_URL=postgresql://tael_app:$app@127.0.0.1:5433/tael"
    bash -euo pipefail /run/walk/commands # is the web server ready?
    people again first@tael.example
    says 1 runuser -u postgres -- psql --port 5433 --no-psqlrc --tuples-only --no-align --dbname tael \
        --command "SELECT (count(*) > 0)::int FROM pg_stat_activity WHERE usename = 'tael_app'"
}

# A second Redis, and a Sentinel that makes it the first one's follower when that is away.
sentinel_takes_over() {
    local folder=/run/walk/redis
    mkdir -p $folder
    nohup redis-server --port 6380 --dir $folder --replicaof 127.0.0.1 6379 >/var/log/walk/redis-2.log 2>&1 &
    printf 'port 26379\nsentinel monitor tael 127.0.0.1 6379 1\nsentinel down-after-milliseconds tael 2000\n' \
        >$folder/sentinel.conf
    nohup redis-server $folder/sentinel.conf --sentinel >/var/log/walk/sentinel.log 2>&1 &
    local sentinel='sentinel://127.0.0.1:26379/tael'
    set_also "REDIS_URL=$sentinel"
    bash -euo pipefail /run/walk/commands
    for _ in $(seq 60); do # it has to have heard of the second before the first goes
        redis-cli -p 26379 sentinel replicas tael | grep -q 6380 && break
        sleep 1
    done
    systemctl stop redis-server
    bash -euo pipefail /run/walk/commands
    people again first@tael.example # which counts attempts in the cache
}

servers_part() {
    /usr/bin/python3 $helpers/blocks.py $book ready >/run/walk/commands
    try "a replica answers pages" replica_answers_pages
    try "Redis is taken over by what a Sentinel names" sentinel_takes_over
    try "everything ends when it is told to" systemctl stop tael-beat tael-worker tael-providers tael-web tael-metrics nginx
}

case $2 in
install) install_part ;;
run)
    first_part
    people_part
    later_part
    servers_part
    echo "Walked through in $((SECONDS - begun)) seconds."
    ;;
esac
