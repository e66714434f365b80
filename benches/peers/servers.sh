# Servers for a measurement: found, started in a folder of their own (PostgreSQL and Redis on Unix
# sockets there, unless they are told more), and ended by their process ids. Sourced by the scripts
# beside it, which have set `dir`, `without`, `install` and `realtime`.

readonly EXIT_SKIPPED=4

if [[ $install ]]; then
    # At this run level Debian's scripts start no server of their own.
    RUNLEVEL=1 apt-get install -y --no-install-recommends \
        postgresql postgresql-contrib redis-server redis-tools nats-server mosquitto openssl \
        python3 util-linux
fi

skipped=()
skip() {
    skipped+=("$1: $2")
    printf 'SKIPPED: %s: %s\n' "$1" "$2" >&2
}

if ! command -v python3 >/dev/null; then
    skip everything "python3 is missing, which reads the figures (--install)"
    exit $EXIT_SKIPPED
fi
if ((${#realtime[@]})) && ! "${realtime[@]}" true 2>/dev/null; then
    skip "real-time priority" "this user may not (chrt --fifo 1)"
    realtime=()
fi
ours=()
if ((${#realtime[@]})); then
    ours=(--realtime)
fi

# Where the program under measurement is, built if none was named.
find_muster() {
    if [[ ! $muster ]]; then
        (cd "$here/../.." && cargo build --release --locked --bin muster)
        muster=${CARGO_TARGET_DIR:-$here/../../target}/release/muster
    fi
    muster=$(realpath "$muster")
}

postgres_bin=
for folder in /usr/lib/postgresql/*/bin; do
    if [[ -x $folder/postgres && -x $folder/initdb && -x $folder/pgbench ]]; then
        postgres_bin=$folder
    fi
done

work=$(mktemp -d "$dir/muster-peers-XXXXXX")
postgres_pid=
redis_pid=
other_pids=()
# Ends what was started here, by its process id, and removes the folder.
end() {
    local status=$?
    trap - EXIT
    [[ ! $postgres_pid ]] || { kill -INT "$postgres_pid" 2>/dev/null && wait "$postgres_pid" || true; }
    [[ ! $redis_pid ]] || { kill -TERM "$redis_pid" 2>/dev/null && wait "$redis_pid" || true; }
    local pid
    for pid in "${other_pids[@]}"; do
        kill -TERM "$pid" 2>/dev/null && wait "$pid" || true
    done
    rm -rf "$work"
    exit $status
}
trap end EXIT
trap 'exit 130' INT TERM

# PostgreSQL refuses to run as root.
unprivileged=()
if ((EUID == 0)); then
    unprivileged=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi

# Further arguments of these two go to the server.
start_postgres() {
    local data=$work/postgres
    mkdir "$data"
    chmod 711 "$work"
    if ((EUID == 0)); then
        chown postgres: "$data"
    fi
    "${unprivileged[@]}" "$postgres_bin/initdb" --pgdata "$data" --username bench --auth trust \
        >"$work/initdb.log" 2>&1 || {
        cat "$work/initdb.log" >&2
        return 1
    }
    # From real-time priority a process may not change its user: the user comes first.
    "${realtime[@]}" "${unprivileged[@]}" "$postgres_bin/postgres" -D "$data" \
        -c listen_addresses= -c unix_socket_directories="$data" -c max_connections=200 \
        -c fsync=on -c synchronous_commit=on -c full_page_writes=on \
        -c shared_buffers=1GB -c wal_buffers=64MB -c max_wal_size=16GB -c min_wal_size=4GB \
        -c checkpoint_timeout=30min "$@" >"$work/postgres.log" 2>&1 &
    postgres_pid=$!
    for _ in {1..100}; do
        if psql_bench -c 'select 1' >/dev/null 2>&1; then
            return
        fi
        sleep 0.1
    done
    cat "$work/postgres.log" >&2
    return 1
}

psql_bench() {
    "$postgres_bin/psql" --no-psqlrc --quiet --set ON_ERROR_STOP=1 -h "$work/postgres" -U bench \
        -d postgres "$@"
}

start_redis() {
    local data=$work/redis
    mkdir "$data"
    "${realtime[@]}" redis-server --port 0 --unixsocket "$data/socket" --dir "$data" \
        --save '' --appendonly yes --appendfsync always --daemonize no "$@" \
        >"$work/redis.log" 2>&1 &
    redis_pid=$!
    for _ in {1..100}; do
        if redis-cli -s "$data/socket" ping >/dev/null 2>&1; then
            return
        fi
        sleep 0.1
    done
    cat "$work/redis.log" >&2
    return 1
}

# Whether PostgreSQL can be measured; if not, says why.
may_use_postgres() {
    if [[ " $without " == *" postgres "* ]]; then
        skip PostgreSQL "left out as was asked"
    elif [[ ! $postgres_bin ]]; then
        skip PostgreSQL "no postgres, initdb and pgbench in /usr/lib/postgresql/*/bin (--install)"
    elif ((EUID == 0)) && ! id postgres >/dev/null 2>&1; then
        skip PostgreSQL "it does not run as root, and there is no user postgres (--install)"
    else
        return 0
    fi
    return 1
}

# Whether Redis can be measured; if not, says why.
may_use_redis() {
    if [[ " $without " == *" redis "* ]]; then
        skip Redis "left out as was asked"
    elif ! command -v redis-server >/dev/null || ! command -v redis-benchmark >/dev/null; then
        skip Redis "no redis-server and redis-benchmark (--install)"
    else
        return 0
    fi
    return 1
}

# Writes which versions were measured: versions HAS_POSTGRES HAS_REDIS
versions() {
    printf 'version\tpostgres\t%s\n' "$([[ ! $1 ]] || "$postgres_bin/postgres" --version)"
    printf 'version\tredis\t%s\n' "$([[ ! $2 ]] || redis-server --version)"
}
