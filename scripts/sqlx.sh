#!/usr/bin/env bash
# Renews the offline metadata of every crate that has checked queries, or of those named ("tickets tests"), against a throw-away database.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -z "${HEMEI_TEST_DATABASE_URL:-}" ]; then
    # The last binary serves; it need not know the new schema.
    [ -x target/debug/hemei ] || cargo build --workspace --bin hemei --locked
    exec target/debug/hemei with-servers -- "$0" "$@"
fi

psql() { command psql -q -v ON_ERROR_STOP=1 "$@"; }
psql "$HEMEI_TEST_DATABASE_URL" -c 'create database hemei_sqlx'
# the same server, another database; what follows a ? stays
server=${HEMEI_TEST_DATABASE_URL%%\?*}
export DATABASE_URL="${server%/*}/hemei_sqlx${HEMEI_TEST_DATABASE_URL#"$server"}"
for migrations in services/*/migrations; do
    schema=$(basename "$(dirname "$migrations")")
    psql "$DATABASE_URL" -c "create schema $schema"
    for file in "$migrations"/*.sql; do psql "$DATABASE_URL" -1 -f "$file"; done
done

# Dependencies first, so that nothing else is compiled while a crate's folder is the one written to.
export SQLX_OFFLINE=false
before=
for crate in services/{chassis,residents,incentives,finance,tickets,gateway,hemei} tests; do
    earlier=$before
    [ ! -d "$crate/.sqlx" ] || before+=" $crate"
    [ $# -eq 0 ] || [[ " $* " == *" ${crate##*/} "* ]] || continue
    grep -rlqE 'query(_file)?(_as|_scalar)?!' "$crate" --include='*.rs' || continue
    name=$(sed -n 's/^name = "\(.*\)"/\1/p' "$crate/Cargo.toml" | head -1)
    rm -rf "$crate/.sqlx"
    mkdir "$crate/.sqlx"
    find "$crate" -name lib.rs -o -name main.rs | xargs touch
    SQLX_OFFLINE_DIR="$PWD/$crate/.sqlx" cargo check -q -p "$name" --all-targets
    # its tests may have had one of those before compiled, which has a folder of its own
    for other in $earlier; do (cd "$other/.sqlx" && ls) | (cd "$crate/.sqlx" && xargs rm -f); done
    echo "$crate: $(find "$crate/.sqlx" -name '*.json' | wc -l) queries"
    rmdir --ignore-fail-on-non-empty "$crate/.sqlx"
done
