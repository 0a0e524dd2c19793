# shellcheck shell=bash
# The workshop: where this project's tools, caches and builds are, and how a script reports its work.
#
# Sourced by the scripts beside it, never run. Everything that can be kept between runs is kept in one
# folder outside the clone (see `workshop_open`), so a second clone or a second run builds on the first.

WORKSHOP_REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly WORKSHOP_REPO

# --- Reporting -----------------------------------------------------------------------------------

# say MESSAGE...: one line to the person who watches.
say() { printf '%s\n' "$*" >&2; }

# stage MESSAGE...: the beginning of a longer step, with the minutes and seconds since the start.
stage() { printf '\n== [%02d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*" >&2; }

# die MESSAGE...: says what is wrong and what to do, and ends the script.
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# refuse_argument WORD: ends a script that was given a word it does not know.
refuse_argument() { die "$1 is not an option of $(basename "$0"); see $(basename "$0") --help"; }

# --- Places --------------------------------------------------------------------------------------

# workshop_open: settles where things are kept and makes the Rust toolchain findable.
#   WORKSHOP_CACHE    downloads, virtual environments, the demo's clip
#   CARGO_TARGET_DIR  Rust builds; taken as it is when it is set
#   POLEWATCH_MODELS  prepared models; taken as it is when it is set
workshop_open() {
    : "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
    export HOME
    WORKSHOP_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/polewatch
    if ! mkdir -p "$WORKSHOP_CACHE" 2>/dev/null || [[ ! -w $WORKSHOP_CACHE ]]; then
        export XDG_CACHE_HOME=$WORKSHOP_REPO/target/cache
        WORKSHOP_CACHE=$XDG_CACHE_HOME/polewatch
        mkdir -p "$WORKSHOP_CACHE"
    fi
    export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$WORKSHOP_CACHE/target}
    export POLEWATCH_MODELS=${POLEWATCH_MODELS:-$WORKSHOP_CACHE/models}
    WORKSHOP_BIN=$CARGO_TARGET_DIR/release
    readonly WORKSHOP_CACHE
    # shellcheck disable=SC2034 # for the script that sourced this
    readonly WORKSHOP_BIN
    toolchain_find
    cd "$WORKSHOP_REPO" || die "$WORKSHOP_REPO cannot be entered"
}

# as_root COMMAND...: runs it as root, through sudo when the script is not.
as_root() {
    if [[ $(id -u) -eq 0 ]]; then
        "$@"
    else
        sudo "$@"
    fi
}

# --- The Rust toolchain --------------------------------------------------------------------------

# toolchain_find: puts cargo on PATH. `sudo` drops the caller's ~/.cargo/bin from it; there the
# toolchain is used where it is, while everything written goes to root's own folders.
toolchain_find() {
    command -v cargo >/dev/null && return
    local home
    for home in "$HOME" "$(getent passwd "${SUDO_USER:-}" | cut -d: -f6)"; do
        [[ -n $home && -x $home/.cargo/bin/cargo ]] || continue
        PATH=$home/.cargo/bin:$PATH
        export RUSTUP_HOME=${RUSTUP_HOME:-$home/.rustup}
        return
    done
}

# toolchain_check: ends the script, saying what to do, unless a Rust that can build this is there.
toolchain_check() {
    local wanted got
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$WORKSHOP_REPO/Cargo.toml")
    command -v cargo >/dev/null || die "the Rust toolchain (cargo, rustc) is missing, and this" \
        "script does not install it: install rustup as https://rustup.rs says, then run this again"
    got=$(cd "$WORKSHOP_REPO" && rustc --version 2>&1) || die "rustc does not run in" \
        "$WORKSHOP_REPO ('${got##*$'\n'}'): expected the toolchain of rust-toolchain.toml;" \
        "'rustup show' there tells more, and installs it when online"
    got=$(awk '/^rustc /{print $2}' <<<"$got")
    [[ $(printf '%s\n%s\n' "$wanted" "$got" | sort -V | head -1) == "$wanted" ]] ||
        die "rustc is $got, expected $wanted or newer: 'rustup update', or install rustup as" \
            "https://rustup.rs says"
    say "rustc $got"
}

# Programs of cargo's that are installed by source, at the versions that are known to do.
declare -rA CARGO_TOOLS=([cargo-deny]=0.20.2 [cargo-fuzz]=0.13.2)

# cargo_tool NAME: prints where that program is, installed into the cache when it is not there.
cargo_tool() {
    local name=$1 version=${CARGO_TOOLS[$1]} root=$WORKSHOP_CACHE/tools
    if [[ $("$root/bin/$name" --version 2>/dev/null) != "$name $version" ]]; then
        say "installing $name $version into $root"
        cargo install --quiet --debug --locked --root "$root" \
            --target-dir "$WORKSHOP_CACHE/$name-target" "$name" --version "$version" >&2 || return
        rm -rf "$WORKSHOP_CACHE/$name-target"
    fi
    printf '%s\n' "$root/bin/$name"
}

# --- Python ---------------------------------------------------------------------------------------

# measuring_python: prints the python of an environment that holds what scripts/benchmark pins.
measuring_python() {
    local folder=$WORKSHOP_CACHE/benchmark requirements=scripts/benchmark/requirements.txt
    if ! cmp -s "$requirements" "$folder/requirements.txt"; then
        say "installing OpenCV and onnxruntime for Python into $folder"
        python3 -m venv --clear "$folder" >&2
        "$folder/bin/pip" install --quiet --only-binary :all: -r "$requirements" >&2 ||
            die "pip could not install what $requirements pins"
        cp "$requirements" "$folder/requirements.txt"
    fi
    printf '%s\n' "$folder/bin/python"
}

# --- Debian packages -----------------------------------------------------------------------------

# packages_missing PACKAGE...: prints those that are not installed.
packages_missing() {
    local package
    for package in "$@"; do
        [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
            printf '%s\n' "$package"
    done
}

# packages_install PACKAGE...: installs those that are missing; needs neither root nor a network
# when none is.
packages_install() {
    local missing
    command -v dpkg-query >/dev/null ||
        die "this is not a Debian system; install what stands for these packages by hand: $*"
    mapfile -t missing < <(packages_missing "$@")
    if [[ ${#missing[@]} -eq 0 ]]; then
        say "all $# Debian packages are installed"
        return
    fi
    [[ $(id -u) -eq 0 ]] || command -v sudo >/dev/null ||
        die "these Debian packages are missing and there is no sudo: as root, run" \
            "'apt-get install ${missing[*]}', then run this again"
    stage "Installing ${#missing[@]} Debian packages: ${missing[*]}"
    as_root apt-get update -q || say "apt-get update failed; trying with the lists that are here"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        "${missing[@]}" || die "apt-get could not install: ${missing[*]}"
}
