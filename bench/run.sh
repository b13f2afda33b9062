#!/usr/bin/env bash
# Whole pieces of work, each measured against something that everybody has, in one run on one machine: only the ratios mean
# anything elsewhere. Rounds alternate between the contestants, and the median of each counts.
#
#   bench/run.sh             everything
#   bench/run.sh files       protecting and opening a file, against cat and age
#   bench/run.sh memory      the memory of that, for three sizes
#
# BENCH_ROUNDS (5)           rounds
# BENCH_SIZE (1073741824)    bytes of the file
# BENCH_TMPFS (/dev/shm)     where the files are; needs four times the size
# BENCH_DISK (/var/tmp)      where the largest file of the memory row is
# BENCH_PREFIX ()            put before every measured command, for instance 'chrt -f 10' on a busy machine
set -euo pipefail
cd "$(dirname "$0")/.."

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 LC_ALL=C
rounds=${BENCH_ROUNDS:-5}
size=${BENCH_SIZE:-1073741824}
tmpfs=${BENCH_TMPFS:-/dev/shm}
disk=${BENCH_DISK:-/var/tmp}
read -r -a prefix <<< "${BENCH_PREFIX:-}"
bench=$PWD/artifacts/bin/RustFs.Kms.Bench/release/RustFs.Kms.Bench
failed=0

folder=$(mktemp -d "$tmpfs/rustfs-kms-bench.XXXXXX")
large=$(mktemp -d "$disk/rustfs-kms-bench.XXXXXX")
trap 'rm -rf -- "$folder" "$large"' EXIT

# seconds <command...>: how long a whole process takes
seconds() {
    local start end
    start=$(date +%s%N)
    "${prefix[@]}" "$@"
    end=$(date +%s%N)
    awk -v ns=$((end - start)) 'BEGIN { printf "%.4f\n", ns / 1e9 }'
}

# field <name> <line>: one value of a line of name=value pairs
field() { tr ' ' '\n' <<< "$2" | sed -n "s/^$1=//p"; }

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# row <what> <ours> <theirs> <target>: how many times as fast as theirs ours is
row() {
    awk -v what="$1" -v ours="$2" -v theirs="$3" -v target="$4" 'BEGIN {
        ratio = theirs / ours
        printf("%-34s %8.3f s against %8.3f s   %5.2f   target >= %.2f   %s\n", what, ours, theirs, ratio, target, (ratio >= target) ? "holds" : "MISSED")
        exit ratio < target
    }' || failed=1
}

files() {
    local plain=$folder/plain copy=$folder/copy sealed=$folder/plain.kms again=$folder/again aged=$folder/plain.age
    local line out recipient='' times=$folder/times start
    mkdir -p "$times"
    head -c "$size" /dev/urandom > "$plain"
    if command -v age > /dev/null; then
        age-keygen -o "$folder/age.key" 2> /dev/null
        recipient=$(age-keygen -y "$folder/age.key")
    else
        echo "age is not on this machine (Debian: apt-get install age): no comparison with it."
        failed=1
    fi

    # Outputs are removed first, so that everybody writes to new pages; one round is for the caches.
    for ((round = 0; round <= rounds; round++)); do
        out=$times; [ "$round" -gt 0 ] || out=$folder/first
        mkdir -p "$out"
        rm -f "$copy"
        seconds sh -c 'cat "$1" > "$2"' sh "$plain" "$copy" >> "$out/cat"
        rm -f "$copy" "$sealed" "$again"
        start=$(date +%s%N)
        line=$("${prefix[@]}" "$bench" protect "$folder" "$plain" "$sealed")
        awk -v ns=$(($(date +%s%N) - start)) 'BEGIN { print ns / 1e9 }' >> "$out/protect-process"
        field seconds "$line" >> "$out/protect"
        start=$(date +%s%N)
        line=$("${prefix[@]}" "$bench" unprotect "$folder" "$sealed" "$again")
        awk -v ns=$(($(date +%s%N) - start)) 'BEGIN { print ns / 1e9 }' >> "$out/unprotect-process"
        field seconds "$line" >> "$out/unprotect"
        [ "$round" -gt 0 ] || cmp "$plain" "$again"
        rm -f "$sealed" "$again"
        if [ -n "$recipient" ]; then
            seconds age -r "$recipient" -o "$aged" "$plain" >> "$out/age"
            seconds age -d -i "$folder/age.key" -o "$again" "$aged" >> "$out/age-d"
            rm -f "$aged" "$again"
        fi
    done

    printf '\nA file of %s bytes on %s, %s rounds, median. Load: %s\n' "$size" "$(stat -f -c %T "$tmpfs")" "$rounds" "$(cut -d' ' -f1-3 /proc/loadavg)"
    row 'protect against cat' "$(median "$times/protect")" "$(median "$times/cat")" 0.7
    row 'unprotect against cat' "$(median "$times/unprotect")" "$(median "$times/cat")" 0.7
    if [ -n "$recipient" ]; then
        row 'protect against age' "$(median "$times/protect")" "$(median "$times/age")" 2
        row 'unprotect against age -d' "$(median "$times/unprotect")" "$(median "$times/age-d")" 2
    fi

    echo "Ours is the call in a running process, as in a session. With the start of .NET and the opening of the key directory:" \
        "protect $(median "$times/protect-process") s, unprotect $(median "$times/unprotect-process") s."
    rm -f "$plain" "$copy"
}

# memory_row <label> <folder> <bytes>: a sparse file there and back
memory_row() {
    local place=$2 line verb above
    truncate -s "$3" "$place/sparse"
    for verb in protect unprotect; do
        if [ "$verb" = protect ]; then
            line=$("$bench" protect "$folder" "$place/sparse" "$place/sparse.kms")
            rm -f "$place/sparse"
        else
            line=$("$bench" unprotect "$folder" "$place/sparse.kms" "$place/sparse")
            rm -f "$place/sparse.kms"
        fi

        above=$(($(field peak_kib "$line") - $(field idle_kib "$line")))
        awk -v what="$verb, $1" -v above="$above" -v s="$(field seconds "$line")" 'BEGIN {
            printf("%-34s %8.1f MiB above idle   target <= 64   %s   (%.1f s)\n", what, above / 1024, (above <= 65536) ? "holds" : "MISSED", s)
            exit above > 65536
        }' || failed=1
    done
    rm -f "$place/sparse"
}

memory() {
    printf '\nPeak of the resident set above idle\n'
    memory_row '1 MiB' "$folder" $((1 << 20))
    memory_row '1 GiB' "$folder" $((1 << 30))
    if [ "$(($(stat -f -c '%a * %S' "$disk")))" -gt $((22 << 30)) ]; then
        memory_row '10 GiB' "$large" $((10 << 30))
    else
        echo "10 GiB: $disk has no 22 GiB free, left out."
    fi
}

dotnet build bench/RustFs.Kms.Bench -c Release -v quiet
case ${1:-all} in
    files) files ;;
    memory) memory ;;
    all) files; memory ;;
    *) sed -n '2,/^set/p' "$0" | grep '^#'; exit 2 ;;
esac
exit "$failed"
