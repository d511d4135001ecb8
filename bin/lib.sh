# shellcheck shell=bash
# Shared by the scripts of bin/: where things lie, and how to say what happens. Sourced, never run.
set -euo pipefail
set -m # every background job is a process group of its own, so that all of it can be ended

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/zencall
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
export PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
export CARGO_TERM_COLOR=never RUST_BACKTRACE=0
logs=$CARGO_TARGET_DIR/logs
# shellcheck disable=SC2034 # for the scripts that source this
modules=$root/end2end/node_modules
mkdir -p "$logs"
cd "$root"

say() { printf '%s\n' "$*"; }

# The name of the script comes first, so that a line in a long log explains itself.
fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Seconds as a person says them.
lasted() {
  local seconds=$(($1))
  if ((seconds < 60)); then printf '%d s' "$seconds"; else printf '%d min %02d s' $((seconds / 60)) $((seconds % 60)); fi
}

running_step=
running_beat=
end_running_step() {
  local job
  for job in $running_step $running_beat; do kill -TERM -- "-$job" 2>/dev/null || true; done
}
trap 'end_running_step; exit 130' INT TERM

# step NAME COMMAND...: runs the command with its output in $logs, says every 20 s that it lives, and how long it took.
# A failure shows the last lines. Always returns 0 and sets $step_code and $step_log: in `step … || fail` bash would ignore `set -e` inside
# the command, if that is a function. So: `step …; ok || fail …`.
step() {
  local name=$1 began=$SECONDS
  shift
  step_code=0
  step_log=$logs/${name//[^a-zA-Z0-9._-]/-}.log
  : >"$step_log"
  (
    set -e
    "$@"
  ) </dev/null >"$step_log" 2>&1 &
  running_step=$!
  heartbeat "$name" "$step_log" "$began" &
  running_beat=$!
  wait "$running_step" || step_code=$?
  kill -- "-$running_beat" 2>/dev/null || true
  wait "$running_beat" 2>/dev/null || true
  running_step='' running_beat=''
  if ok; then
    say "  ✓ $name ($(lasted SECONDS-began))"
  else
    say "  ✗ $name failed after $(lasted SECONDS-began); the last lines of $step_log:"
    tail -n 40 "$step_log" | sed 's/^/    /'
  fi
}

ok() { ((step_code == 0)); }

heartbeat() {
  while sleep 20; do
    say "  … $1, $(lasted "SECONDS-$3"): $(tail -n 1 "$2" | tr -d '\r' | cut -c 1-100)"
  done
}

# The version of a crate that Cargo.lock holds.
locked_version() {
  awk -v name="\"$1\"" '$1 == "name" { ours = $3 == name } ours && $1 == "version" { gsub(/"/, "", $3); print $3; exit }' "$root/Cargo.lock"
}

# unchanged STAMP TEXT: true when the stamp already holds the text. `stamp` writes it once the work is done.
unchanged() { [[ -f $1 && $(<"$1") == "$2" ]]; }
stamp() { printf '%s\n' "$2" >"$1"; }

# One line for the state of files and folders: names, sizes and times, not contents.
state_of() { find "$@" -type f -printf '%p %s %T@\n' | sort | sha256sum | cut -d ' ' -f 1; }
