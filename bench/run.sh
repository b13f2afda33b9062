#!/usr/bin/env bash
# What the product promises about speed and size, each measured against something that everybody has, in one run on one
# machine: only the ratios mean anything elsewhere. Rounds alternate between the contestants, and the median of each counts.
#
#   bench/run.sh             everything, in one table at the end
#   bench/run.sh import      Import-Module in a new process, against an empty module
#   bench/run.sh engine      data keys and signed requests (BenchmarkDotNet; BENCH_VERBOSE=1 shows its own output)
#   bench/run.sh pipeline    data keys through the pipeline
#   bench/run.sh list        listing a large key directory, against reading its files
#   bench/run.sh fleet       many servers at once, against one
#   bench/run.sh files       protecting and opening a file, against cat and age
#   bench/run.sh memory      the memory of that, for three sizes
#   bench/run.sh scale       many keys (a store, an emulator), files and servers: counts, seconds and memory; not part of everything
#
# BENCH_ROUNDS (5)           rounds
# BENCH_SIZE (1073741824)    bytes of the file
# BENCH_KEYS (100000)        keys of the large directory
# BENCH_FILES (10000)        files of the scale run
# BENCH_TMPFS (/dev/shm)     where the files are; needs four times the size
# BENCH_DISK (/var/tmp)      where the largest file of the memory row is
# BENCH_PREFIX ()            put before every measured command, for instance 'chrt -f 10' on a busy machine
set -euo pipefail
cd "$(dirname "$0")/.."

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 LC_ALL=C
rounds=${BENCH_ROUNDS:-5}
size=${BENCH_SIZE:-1073741824}
keys=${BENCH_KEYS:-100000}
scale_files=${BENCH_FILES:-10000}
tmpfs=${BENCH_TMPFS:-/dev/shm}
disk=${BENCH_DISK:-/var/tmp}
read -r -a prefix <<< "${BENCH_PREFIX:-}"
bench=$PWD/artifacts/bin/RustFs.Kms.Bench/release/RustFs.Kms.Bench
failed=0

folder=$(mktemp -d "$tmpfs/rustfs-kms-bench.XXXXXX")
large=$(mktemp -d "$disk/rustfs-kms-bench.XXXXXX")
table=$folder/table
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

# table_row <what> <ours> <theirs> <figure> <target> <held: 0 or 1>
table_row() {
    printf '%-42s %14s %14s %9s   %-11s %s\n' "$1" "$2" "$3" "$4" "$5" "$([ "$6" -eq 1 ] && echo holds || echo MISSED)" | tee -a "$table"
    [ "$6" -eq 1 ] || failed=1
}

# time_of <seconds>: in the unit that suits it
time_of() { awk -v s="$1" 'BEGIN { if (s < 0.001) printf("%.2f us", s * 1e6); else if (s < 1) printf("%.2f ms", s * 1e3); else printf("%.3f s", s) }'; }

# faster <what> <ours> <theirs> <target>: how many times as fast as theirs ours is, at least the target
faster() {
    local ratio
    ratio=$(awk -v ours="$2" -v theirs="$3" 'BEGIN { printf "%.2f", theirs / ours }')
    table_row "$1" "$(time_of "$2")" "$(time_of "$3")" "$ratio" ">= $4" "$(awk -v r="$ratio" -v t="$4" 'BEGIN { print (r >= t) }')"
}

# slower <what> <ours> <theirs> <target>: how many times as long as theirs ours takes, at most the target
slower() {
    local ratio
    ratio=$(awk -v ours="$2" -v theirs="$3" 'BEGIN { printf "%.2f", ours / theirs }')
    table_row "$1" "$(time_of "$2")" "$(time_of "$3")" "$ratio" "<= $4" "$(awk -v r="$ratio" -v t="$4" 'BEGIN { print (r <= t) }')"
}

import() {
    local empty manifest line round times=$folder/import
    mkdir -p "$times"
    manifest=$PWD/out/RustFs.Kms/RustFs.Kms.psd1
    empty=$(field manifest "$("$bench" empty-module "$folder")")
    for ((round = 0; round <= 2 * rounds; round++)); do
        line=$("${prefix[@]}" "$bench" import "$manifest")
        [ "$round" -eq 0 ] || field seconds "$line" >> "$times/ours"
        [ "$(field lib "$line")" -eq 0 ] || { echo "The import loaded $(field lib "$line") assemblies of lib/."; failed=1; }
        line=$("${prefix[@]}" "$bench" import "$empty")
        [ "$round" -eq 0 ] || field seconds "$line" >> "$times/empty"
    done

    local ours theirs more
    ours=$(median "$times/ours")
    theirs=$(median "$times/empty")
    more=$(awk -v ours="$ours" -v theirs="$theirs" 'BEGIN { printf "%.0f", (ours - theirs) * 1000 }')
    table_row 'Import-Module against an empty module' "$(time_of "$ours")" "$(time_of "$theirs")" "+$more ms" '<= +60 ms' "$([ "$more" -le 60 ] && echo 1 || echo 0)"
}

engine() {
    local lines
    lines=$("${prefix[@]}" "$bench" engine)
    of() { field seconds "$(grep "^name=$1 " <<< "$lines")"; }
    faster 'data key, engine, against a bare loop' "$(of DataKeyEngine)" "$(of DataKeyBare)" 0.35
    faster 'signed request against bare HttpClient' "$(of RequestOurs)" "$(of RequestBare)" 0.8
    faster 'signed request against AWSSDK.S3' "$(of RequestOurs)" "$(of RequestSdk)" 1.5
}

pipeline() {
    local line
    line=$("${prefix[@]}" "$bench" pipeline "$folder" 20000)
    faster 'data key, pipeline, against a bare loop' "$(field ours "$line")" "$(field theirs "$line")" 0.15
}

fleet() {
    local line
    line=$("${prefix[@]}" "$bench" fleet 50 100)
    slower '50 servers of 100 ms against one' "$(field ours "$line")" "$(field theirs "$line")" 3
}

list() {
    local line round small large_peak times=$folder/list
    mkdir -p "$times"
    echo "Making $keys keys ..."
    "$bench" make-keys "$folder/keys-small" $((keys / 10))
    "$bench" make-keys "$folder/keys-large" "$keys"
    for ((round = 0; round <= rounds; round++)); do
        line=$("${prefix[@]}" "$bench" list-keys "$folder/keys-large")
        [ "$(field count "$line")" -eq "$keys" ]
        [ "$round" -eq 0 ] || field seconds "$line" >> "$times/ours"
        large_peak=$(($(field peak_kib "$line") - $(field idle_kib "$line")))
        line=$("${prefix[@]}" "$bench" read-keys "$folder/keys-large")
        [ "$round" -eq 0 ] || field seconds "$line" >> "$times/read"
    done

    line=$("$bench" list-keys "$folder/keys-small")
    small=$(($(field peak_kib "$line") - $(field idle_kib "$line")))
    slower "list $keys keys against reading the files" "$(median "$times/ours")" "$(median "$times/read")" 3
    # Flat: ten times the keys may cost the sorted list of their names, and nothing that grows with a key's contents.
    table_row "  its memory, against a tenth of the keys" "$(mib "$large_peak")" "$(mib "$small")" \
        "$(mib $((large_peak - small)))" "<= 64 MiB" "$([ $((large_peak - small)) -le 65536 ] && echo 1 || echo 0)"
    rm -rf "$folder/keys-small" "$folder/keys-large"
}

mib() { awk -v kib="$1" 'BEGIN { printf "%.1f MiB", kib / 1024 }'; }

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

    faster "protect $((size >> 20)) MiB against cat" "$(median "$times/protect")" "$(median "$times/cat")" 0.7
    faster "unprotect $((size >> 20)) MiB against cat" "$(median "$times/unprotect")" "$(median "$times/cat")" 0.7
    if [ -n "$recipient" ]; then
        faster "protect $((size >> 20)) MiB against age" "$(median "$times/protect")" "$(median "$times/age")" 2
        faster "unprotect $((size >> 20)) MiB against age -d" "$(median "$times/unprotect")" "$(median "$times/age-d")" 2
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
        table_row "  memory of $verb, $1, above idle" "$(mib "$above")" '' '' '<= 64 MiB' "$([ "$above" -le 65536 ] && echo 1 || echo 0)"
    done
    rm -f "$place/sparse"
}

memory() {
    memory_row '1 MiB' "$folder" $((1 << 20))
    memory_row '1 GiB' "$folder" $((1 << 30))
    if [ "$(($(stat -f -c '%a * %S' "$disk")))" -gt $((22 << 30)) ]; then
        memory_row '10 GiB' "$large" $((10 << 30))
    else
        echo "10 GiB: $disk has no 22 GiB free, left out."
    fi
}

# scale_rows <lines> <lines of a tenth>: the memory of each piece of work against that of a tenth of it
scale_rows() {
    local line name more
    while read -r line; do
        name=$(field name "$line")
        more=$(($(field above_idle_kib "$line") - $(field above_idle_kib "$(grep "^name=$name " <<< "$2")")))
        table_row "$name, $(field count "$line")" "$(field seconds "$line") s" "$(mib "$(field above_idle_kib "$line")")" \
            "$(mib "$more")" "<= 64 MiB" "$([ "$more" -le 65536 ] && echo 1 || echo 0)"
    done <<< "$1"
}

scale() {
    local way lines tenth
    echo "Making $keys keys ..."
    "$bench" make-keys "$folder/keys-small" $((keys / 10))
    "$bench" make-keys "$folder/keys-large" "$keys"
    for way in local emulated; do
        tenth=$("${prefix[@]}" "$bench" scale-keys "$folder/keys-small" $((keys / 10)) "$way")
        lines=$("${prefix[@]}" "$bench" scale-keys "$folder/keys-large" "$keys" "$way")
        scale_rows "$lines" "$tenth"
    done
    rm -rf "$folder/keys-small" "$folder/keys-large"

    lines=$("${prefix[@]}" "$bench" scale-files "$folder" "$scale_files")
    tenth=$(grep -e '-tenth ' <<< "$lines" | sed 's/-tenth / /')
    grep -v -e '-tenth ' <<< "$lines"
    scale_rows "$(grep -v -e '-tenth ' <<< "$lines")" "$tenth"
    fleet
}

dotnet build bench/RustFs.Kms.Bench -c Release -v quiet --nologo
all=(import engine pipeline list fleet files memory)
work=("$@")
[ "$#" -gt 0 ] || work=("${all[@]}")
for piece in "${work[@]}"; do
    case " ${all[*]} scale " in
        *" $piece "*) "$piece" ;;
        *) sed -n '2,/^set/p' "$0" | grep '^#'; exit 2 ;;
    esac
done

printf '\n%s, %s processors, %s, load now %s, %s s in all\n\n' \
    "$(uname -sm)" "$(nproc)" ".NET $(dotnet --version)" "$(cut -d' ' -f1-3 /proc/loadavg)" "$SECONDS"
printf '%-42s %14s %14s %9s   %-11s\n' 'What' 'ours' 'theirs' 'ratio' 'target'
cat "$table"
exit "$failed"
