#!/bin/bash
# The first process of the evil stage: process ids, network, mounts, host name and System V memory of our own, so that
# an agent without walls has nothing of this machine to meet. Started by stage.ts: stage.sh <resolv.conf> <command …>.
# The network has addresses of private ranges and of the cloud's metadata service, for services that must not be reached.
set -eu
resolver=$1
shift
ip link set lo up
# By routes, not as addresses of ours: a host's own addresses are a case of their own for whoever guards them.
for range in 10.66.0.0/16 172.20.66.0/24 192.168.66.0/24 100.66.0.0/16 169.254.169.254/32; do
  ip route add local "$range" dev lo
done
mount --bind "$resolver" /etc/resolv.conf
mount -t tmpfs -o size=1g tmpfs /dev/shm
hostname evil-stage
# A sandbox numbers its processes from 1: what has a low number there must not share it with one of ours.
echo 20000 >/proc/sys/kernel/ns_last_pid
# Not exec: this shell collects the dead, as an init does.
"$@"
