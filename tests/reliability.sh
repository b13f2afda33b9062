#!/usr/bin/env bash
# The tests of reliability, by what they prove, with their counts at the end:
#
#   tests/reliability.sh [secrets|whatif|faults|crash|contention|fuzz|all] [minutes]
#
# Without minutes it does what every run of the tests does. With minutes, what has rounds goes on for about so long, from a new seed,
# which is printed; RUSTFS_KMS_TEST_SEED=<number> repeats it. docs/reliability.md says what is promised and how each is proven.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

kind=${1:-all}
case $kind in
    secrets|whatif|faults|crash|contention|fuzz) filter="Reliability=$kind" ;;
    all) filter='Reliability=secrets|Reliability=whatif|Reliability=faults|Reliability=crash|Reliability=contention|Reliability=fuzz' ;;
    *)
        sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac

if [ -n "${2:-}" ]; then
    case $2 in
        *[!0-9.]*|'') echo "'$2' is no number of minutes." >&2; exit 2 ;;
    esac
    export RUSTFS_KMS_TEST_MINUTES=$2
fi

report=$(mktemp)
trap 'rm -f "$report"' EXIT
export RUSTFS_KMS_TEST_REPORT=$report DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

failed=0
for project in tests/RustFs.Kms.Tests tests/RustFs.Kms.Module.Tests; do
    dotnet test "$project" --filter "$filter" || failed=1
done

printf '\n'
sort "$report"
[ -s "$report" ] || { echo 'Nothing was counted.'; failed=1; }
[ "$failed" = 0 ] && echo "passed: $kind" || echo "FAILED: $kind; what failed stands above."
exit $failed
