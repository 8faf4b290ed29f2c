#!/bin/bash
# The way from root into a run, for a supervisor that must not be root (started by box.ts, only when we are root):
# join the run's control groups, make what the run needs reachable, become the run's own user.
#
#   enter.sh <uid> <passwd file> <group file> [group <cgroup.procs>] [cover <dir>] [reach <path>] ... -- command ...
#
# The command's user cannot traverse directories that are only root's (a checkout below /root, a data directory with
# mode 0700). In a mount namespace of our own each such directory is covered with an empty one, and only what the run
# needs is put back at its old path, so that paths mean the same inside and outside. `cover` and `reach` come sorted, a
# directory before what is in it: a covered directory may lie in one that was put back.
set -eu
umask 022

uid=$1 passwd=$2 group=$3
shift 3
actions=() paths=() descriptors=()
while [ "$1" != -- ]; do
  case $1 in
  group) echo $$ >"$2" ;;
  *) actions+=("$1") paths+=("$2") ;;
  esac
  shift 2
done
shift

if [ "${BATON_STAGED:-}" = 1 ]; then
  # Opened before anything is covered: afterwards the paths lead nowhere.
  for index in "${!paths[@]}"; do
    descriptor=
    [ "${actions[$index]}" = cover ] || exec {descriptor}<"${paths[$index]}"
    descriptors+=("$descriptor")
  done
  for index in "${!paths[@]}"; do
    path=${paths[$index]} descriptor=${descriptors[$index]}
    if [ "${actions[$index]}" = cover ]; then
      if [ -d "$path" ]; then mount -t tmpfs -o mode=0755,size=1m baton "$path"; fi
      continue
    fi
    if [ -d "/proc/self/fd/$descriptor" ]; then
      mkdir -p "$path"
    else
      mkdir -p "$(dirname "$path")"
      [ -e "$path" ] || : >"$path"
    fi
    mount --no-canonicalize --bind "/proc/self/fd/$descriptor" "$path"
    exec {descriptor}<&-
  done
  # Programs ask who they are, and the real file does not know this user.
  mount --bind "$passwd" /etc/passwd
  mount --bind "$group" /etc/group
  unset BATON_STAGED
fi

exec setpriv --reuid="$uid" --regid="$uid" --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs \
  --pdeathsig KILL -- "$@"
