#!/usr/bin/env bash
# The steps of both containers (Dockerfile, ctforge.def), which do nothing else; tests/containers/debootstrap_test.sh runs
# them in a bare root. As root, in a tree of the sources or of what `build` left:
#
#   build.sh parts cpu|cuda           tools/bootstrap; LibTorch then stands in /opt/ctforge/libtorch
#   build.sh program cpu|cuda COMMIT  the preset, built and installed into /opt/ctforge with a list of the packages it links
#   build.sh runtime                  in the final image: those packages, and the user ctforge
set -euo pipefail
prefix=/opt/ctforge
list=$prefix/share/ctforge/runtime-packages
sources=$(cd "$(dirname "$0")/.." && pwd)

variant() {
  case "${1:-}" in
    cpu | cuda) ;;
    *)
      echo "build.sh: expected cpu or cuda, found '${1:-}'" >&2
      exit 2
      ;;
  esac
}

# LibTorch leaves the sources, so that the program finds it where the final image has it: NVIDIA's libraries, where there
# are some, stay in ../../nvidia of torch/lib, where LibTorch looks for them.
parts() {
  variant "${1:-}"
  cd "$sources"
  CTFORGE_TORCH=$1 tools/bootstrap
  local from=.deps
  if [[ $1 == cuda ]]; then
    from=.deps/cuda
  fi
  mkdir -p "$prefix/libtorch"
  local part
  for part in torch nvidia; do
    if [[ -d $from/$part ]]; then
      mv "$from/$part" "$prefix/libtorch/$part"
    fi
  done
}

# Packages that own the shared libraries of these programs.
packages_of() {
  local library
  ldd "$@" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u | while read -r library; do
    if [[ $library == "$prefix"/* ]]; then
      continue
    fi
    # A merged /usr is not known to dpkg by both names.
    dpkg-query -S "$(realpath "$library")" 2>/dev/null || dpkg-query -S "/usr$(realpath "$library")" 2>/dev/null ||
      dpkg-query -S "$(realpath "$library" | sed 's,^/usr,,')"
  done | sed 's/: .*//; s/:.*//' | sort -u
}

program() {
  variant "${1:-}"
  cd "$sources"
  local preset=release
  if [[ $1 == cuda ]]; then
    preset=cuda
  fi
  # Compilations of 1 GB each: not more at once than there is memory for.
  local jobs gigabytes
  jobs=$(nproc)
  gigabytes=$(awk '/MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo)
  jobs=$((gigabytes / 2 < jobs ? gigabytes / 2 : jobs))
  cmake --preset "$preset" -D CTFORGE_LIBTORCH="$prefix/libtorch/torch" -D CTFORGE_BUILD_TESTS=OFF \
    -D CTFORGE_SOURCE_COMMIT="${2:-unknown}" -D CMAKE_INSTALL_PREFIX="$prefix"
  cmake --build --preset "$preset" -j "$((jobs > 1 ? jobs : 1))"
  cmake --install "$([[ $preset == cuda ]] && echo build-cuda || echo build)" --strip
  # What only a developer needs.
  rm -rf "${prefix:?}/include" "${prefix:?}/lib" "$prefix/libtorch/torch/include"
  mkdir -p "$(dirname "$list")"
  packages_of "$prefix/bin/ctforge" "$prefix/bin/ctforge-decode" >"$list"
  cp "$sources/containers/build.sh" "$prefix/share/ctforge/"
  "$prefix/bin/ctforge" --version
}

runtime() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  xargs -a "$list" apt-get install -y -qq --no-install-recommends >/dev/null
  rm -rf /var/lib/apt/lists/*
  id ctforge >/dev/null 2>&1 || useradd --uid 10001 --create-home --shell /usr/sbin/nologin ctforge
  mkdir -p /work
  chown ctforge: /work
  "$prefix/bin/ctforge" --version
}

case "${1:-}" in
  parts) parts "${2:-}" ;;
  program) program "${2:-}" "${3:-}" ;;
  runtime) runtime ;;
  *)
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
