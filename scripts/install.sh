#!/usr/bin/env bash
# Installs what the suite needs and this machine lacks: PostgreSQL's server programs, Redis, setpriv.
# Starts no system service, makes no system database, and leaves services that were not there switched off.
set -euo pipefail

postgres_there() {
    local program major
    for program in /usr/lib/postgresql/*/bin/postgres "$(command -v postgres || true)"; do
        [ -x "$program" ] || continue
        major=$("$program" --version | sed 's/.*) \([0-9]*\).*/\1/')
        if [ "${major:-0}" -ge 15 ]; then return 0; fi
    done
    return 1
}

missing=()
postgres_there || missing+=(postgresql)
command -v redis-server >/dev/null || command -v valkey-server >/dev/null || missing+=(redis-server)
command -v setpriv >/dev/null || missing+=(util-linux)
command -v cc >/dev/null || missing+=(gcc libc6-dev)
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "✗ 缺少 missing: ${missing[*]}. 本机没有 apt-get，请自行安装 / no apt-get here: please install PostgreSQL 15+ and redis-server." >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "✗ 需要 root / as root please: apt-get install -y --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi

echo "安装 installing: ${missing[*]}  (apt-get${as_root:+, sudo})；不启动任何系统服务 / no system service is started"
root() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }

# Debian's way to say "start nothing": a policy that answers 101. A policy that was there comes back afterwards.
policy=/usr/sbin/policy-rc.d
cluster=/etc/postgresql-common/createcluster.d/hemei.conf
was_there=$(systemctl list-unit-files --no-legend 2>/dev/null | cut -d' ' -f1 || true)
restore() {
    root rm -f "$policy" "$cluster"
    root rmdir --ignore-fail-on-non-empty "$(dirname "$cluster")"
    if [ -e "$policy.before-hemei" ]; then root mv "$policy.before-hemei" "$policy"; fi
}
trap restore EXIT
if [ -e "$policy" ] && [ ! -e "$policy.before-hemei" ]; then root mv "$policy" "$policy.before-hemei"; fi
root sh -c "printf '#!/bin/sh\nexit 101\n' > $policy && chmod 755 $policy"
root mkdir -p "$(dirname "$cluster")"
root sh -c "echo 'create_main_cluster = false' > $cluster"

log=$(mktemp /tmp/hemei-install.XXXXXX)
install() { root apt-get install -y -q --no-install-recommends "${missing[@]}" >"$log" 2>&1; }
if ! install && ! { root apt-get update -q >/dev/null && install; }; then
    tail -5 "$log" >&2
    echo "✗ apt-get install ${missing[*]} 失败 / failed; 全部输出 all of it: $log" >&2
    exit 1
fi
rm -f "$log"

# Not started now, nor at the next boot, if it was not there before.
for unit in redis-server.service postgresql.service; do
    if command -v systemctl >/dev/null && ! grep -qx "$unit" <<<"$was_there"; then
        root systemctl disable -q "$unit" >/dev/null 2>&1 || true
    fi
done
if ! postgres_there; then
    echo "✗ 本系统的 PostgreSQL 低于 15 / this system's PostgreSQL is older than 15; see https://wiki.postgresql.org/wiki/Apt" >&2
    exit 1
fi
