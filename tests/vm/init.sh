#!/bin/busybox sh
# Process 1 of a test machine until it has the host's files: a read-only share, with memory over it for what is written.
PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module.ko"; done </modules/order
mount -t tmpfs -o mode=755 memory /memory
mkdir /memory/upper /memory/work
mount -t virtiofs -o ro host /host
mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work overlay /root
for directory in proc sys dev; do mount --move "/$directory" "/root/$directory"; done
mkdir -p /root/dev/pts /root/dev/shm
mount -t devpts devpts /root/dev/pts
mount -t tmpfs -o mode=1777 shm /root/dev/shm
# What runs on the host is no business of the machine.
mount -t tmpfs -o mode=755 run /root/run
cp /agent.sh /root/run/agent
ip link set lo up
hostname rkt-test-machine
if [ -e /units ]; then
  # Of what is enabled on the host nothing is to start: systemd sees the units of the test alone, and its own.
  mount -t tmpfs units /root/etc/systemd/system
  rm -f /root/.dockerenv
  mkdir -p /root/run/systemd/system
  cp /units/* /root/run/systemd/system
  exec switch_root /root /lib/systemd/systemd
fi
exec switch_root /root /bin/busybox sh /run/agent
