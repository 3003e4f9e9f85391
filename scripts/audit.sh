#!/usr/bin/env bash
# Checks the dependencies' licences and advisories and the contract's style, with the tools that are there.
set -uo pipefail
cd "$(dirname "$0")/.."

failed=0
check() { # the tool's own test, how to get it, what to run
    local there=$1 how=$2
    shift 2
    if ! $there >/dev/null 2>&1; then
        echo "– 跳过 skipped: $*; 安装 to get it: $how"
        return
    fi
    echo "→ $*"
    "$@" || failed=1
}

check 'cargo deny --version' 'cargo install --locked cargo-deny' cargo deny check
check 'buf --version' 'pip install buf-bin' buf lint proto
exit $failed
