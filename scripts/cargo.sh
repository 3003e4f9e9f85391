#!/usr/bin/env bash
# Says what to do when there is no cargo, or one that is too old.
set -euo pipefail
cd "$(dirname "$0")/.."

wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
if ! command -v cargo >/dev/null; then
    echo "✗ 没有找到 cargo / cargo is missing: Rust $wanted or newer is needed." >&2
    echo "  安装 install it as https://rustup.rs says, open a new shell, and try again." >&2
    exit 1
fi
found=$(cargo --version | cut -d' ' -f2)
if [ "$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -1)" != "$wanted" ]; then
    echo "✗ cargo $found 太旧 / is too old: $wanted or newer is needed." >&2
    echo "  更新 update: rustup update stable" >&2
    exit 1
fi
