#!/usr/bin/env bash
# The containers' steps in bare roots made by debootstrap, where neither Docker nor Apptainer is needed: that of the build
# stage, then that of the final image, in which the program must run the whole chain as an ordinary user without a network.
# Run by hand, as root: an hour and 15 GB. Steps and copied files are read out of containers/Dockerfile; ctforge.def must
# have the same.
#
#   tests/containers/debootstrap_test.sh [--until steps|bases|parts|program]
#   CTFORGE_SUITE (bookworm), CTFORGE_MIRROR (that of this machine's apt), CTFORGE_TORCH (cpu), CTFORGE_SCRATCH (/tmp):
#   where the roots are made; what is made stays there only when CTFORGE_KEEP is set. CTFORGE_BINDS: folders of this
#   machine that pip or apt take packages from, separated by blanks.
set -euo pipefail
cd "$(dirname "$0")/../.."
until_step=all
if [[ ${1:-} == --until ]]; then
  until_step=${2:-}
fi
skip() {
  echo "skipped: $1"
  exit 77
}
reached() {
  echo "debootstrap_test: $1: passed ($(date -u +%H:%M:%S) UTC)"
  if [[ $until_step == "$1" ]]; then
    exit 0
  fi
}

torch=${CTFORGE_TORCH:-cpu}
commit=$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

# Lines "STAGE command" of the Dockerfile, its arguments filled in; stage 1 builds, 2 is the final image.
steps_of_dockerfile() {
  awk '/^FROM / { stage++ } /^RUN / { sub(/^RUN /, ""); print stage, $0 }' containers/Dockerfile |
    sed "s|\"\${TORCH}\"|$torch|; s|\"\${COMMIT}\"|$commit|; s|containers/build.sh|/src/&|; s|^2 /src/|2 |"
}
steps_of_apptainer() {
  awk '/^[A-Z]/ { post = 0 } /^Stage: / { stage++ } /^%/ { post = ($1 == "%post") }
    post && /^ / { sub(/^ +/, ""); print stage, $0 }' containers/ctforge.def | sed "s|\"{{ TORCH }}\"|$torch|; s|\"{{ COMMIT }}\"|$commit|"
}
files_of_dockerfile() { awk '$1 == "COPY" && $2 !~ /^--/ { for (i = 2; i < NF; i++) print $i }' containers/Dockerfile | sort; }
files_of_apptainer() { awk '/^%/ { on = ($0 == "%files") } on && NF == 2 { print $1 }' containers/ctforge.def | sort; }

steps=$(steps_of_dockerfile)
echo "$steps"
diff <(echo "$steps") <(steps_of_apptainer)
diff <(files_of_dockerfile) <(files_of_apptainer)
# What the build context leaves out would be missing in the image.
diff <(files_of_dockerfile) <(sed -n 's/^!//p' .dockerignore | sort)
[[ $(echo "$steps" | wc -l) == 3 ]]
reached steps

((EUID == 0)) || skip "debootstrap and chroot need root"
command -v debootstrap >/dev/null || skip "debootstrap is not installed"
suite=${CTFORGE_SUITE:-bookworm}
# shellcheck disable=SC2016  # apt fills it in
mirror=${CTFORGE_MIRROR:-$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' |
  grep -E '/(debian|ubuntu)/?$' | head -n 1)}
[[ -n $mirror ]] || skip "no package mirror is known; give CTFORGE_MIRROR"

scratch=$(mktemp -d "${CTFORGE_SCRATCH:-/tmp}/ctforge-roots-XXXXXX")
build=$scratch/build final=$scratch/final
release() {
  local mounted
  for mounted in proc dev ${CTFORGE_BINDS:-}; do
    umount -q "$1/$mounted" 2>/dev/null || true
  done
}
clean_up() {
  local root
  for root in "$build" "$final"; do
    release "$root"
  done
  if [[ -n ${CTFORGE_KEEP:-} ]]; then
    echo "debootstrap_test: the roots are kept in $scratch"
  else
    rm -rf --one-file-system "$scratch"
  fi
}
trap clean_up EXIT

prepare_root() {
  mkdir -p "$1/src" "$1/opt"
  mount -t proc proc "$1/proc"
  mount --bind /dev "$1/dev"
  # How this machine reaches its package indices: an engine gives a build that by its own means.
  cp -L /etc/resolv.conf "$1/etc/resolv.conf"
  cp -L /etc/ssl/certs/ca-certificates.crt "$1/etc/host-certificates.crt"
  local from
  for from in /etc/pip.conf /etc/apt/apt.conf.d/*proxy*; do
    if [[ -e $from ]]; then
      install -D -m 644 "$from" "$1$from"
    fi
  done
  if [[ -e ~/.config/pip/pip.conf ]]; then
    install -D -m 644 ~/.config/pip/pip.conf "$1/etc/xdg/pip/pip.conf"
  fi
  for from in ${CTFORGE_BINDS:-}; do
    mkdir -p "$1$from"
    mount --bind -o ro "$from" "$1$from"
  done
}
mapfile -t environment < <(env | grep -E '^(PIP_|https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY)')
inside() {
  local root=$1
  shift
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "${environment[@]}" \
    PIP_CERT=/etc/host-certificates.crt chroot "$root" "$@"
}
run_steps() {
  local root=$1 stage=$2 pattern=$3 number command
  echo "$steps" | while read -r number command; do
    if [[ $number == "$stage" && $command == *$pattern* ]]; then
      echo "debootstrap_test: stage $stage: $command"
      inside "$root" bash -c "cd /src && $command" </dev/null
    fi
  done
}

debootstrap --variant=minbase "$suite" "$build" "$mirror" >"$scratch/debootstrap.log" || {
  tail -n 20 "$scratch/debootstrap.log"
  exit 1
}
cp -a "$build" "$final"
prepare_root "$build"
prepare_root "$final"
reached bases

files_of_dockerfile | while read -r file; do
  cp -a "$file" "$build/src/"
done
run_steps "$build" 1 " parts "
reached parts
run_steps "$build" 1 " program "
reached program

# COPY --from=build
cp -a "$build/opt/ctforge" "$final/opt/ctforge"
release "$build"
rm -rf --one-file-system "$build"
run_steps "$final" 2 " runtime"

# As an ordinary user, and with no network but the loopback: nothing is downloaded at run time.
install -m 644 tests/cli/tiny.yaml "$final/work/tiny.yaml"
unshare --net chroot --userspec=ctforge:ctforge "$final" \
  env -i HOME=/work PATH=/opt/ctforge/bin:/usr/bin:/bin bash -ec '
    cd /work
    ctforge --help >help.txt
    ctforge run --config tiny.yaml --out run
    test -s run/report.html
    ctforge inspect run/cohort >inspect.txt
    if touch /opt/ctforge/bin/mine 2>/dev/null; then exit 1; fi'
du -sh "$final/opt/ctforge" "$final" | sed 's|'"$scratch"'/||'
reached image
