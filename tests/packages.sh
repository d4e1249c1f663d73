# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Read by tests/run and .ci/run: finds out which Debian or Ubuntu packages are missing and installs them.
#
#     need_command cmake cmake          the command, and the packages that bring it
#     need_header cmocka.h libcmocka-dev
#     install_needed
#
# What is there already, from wherever it came, is left alone.
NEEDED=

have() {
  command -v "$1" >/dev/null 2>&1
}

need() {
  for package in "$@"; do
    case " $NEEDED " in
      *" $package "*) ;;
      *) NEEDED="${NEEDED:+$NEEDED }$package" ;;
    esac
  done
}

need_command() {
  command=$1
  shift
  have "$command" || need "$@"
}

# Asks the compiler.  Where there is none yet, the package is installed with it.
need_header() {
  printf '#include <stdarg.h>\n#include <stddef.h>\n#include <setjmp.h>\n#include <stdint.h>\n#include <%s>\n' "$1" |
    cc -E -x c - >/dev/null 2>&1 || need "$2"
}

install_needed() {
  [ -n "$NEEDED" ] || return 0
  if ! have apt-get; then
    echo "Please install first: $NEEDED" >&2
    exit 1
  fi
  sudo=
  if [ "$(id -u)" -ne 0 ]; then
    if ! have sudo; then
      echo "Please install these as root: apt-get install $NEEDED" >&2
      exit 1
    fi
    sudo=sudo
  fi
  echo "Installing: $NEEDED"
  $sudo apt-get -q update </dev/null
  # shellcheck disable=SC2086
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends install $NEEDED </dev/null
  NEEDED=
}

# fresh_build DIRECTORY SOURCE: a build tree that was made for sources at another place can't be used again.
fresh_build() {
  if [ -f "$1/CMakeCache.txt" ] && ! grep -Fqx "CMAKE_HOME_DIRECTORY:INTERNAL=$2" "$1/CMakeCache.txt"; then
    rm -rf "$1"
  fi
}
