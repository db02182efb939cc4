import type { BuildCase } from '../case.ts';

export const RUN_CASES: readonly BuildCase[] = [
  {
    name: 'the shell form runs in /bin/sh, the exec form does not',
    dockerfile: 'FROM busybox\nRUN echo $HOME > /shell\nRUN ["/bin/touch", "/$HOME"]\n',
    tree: { '/shell': '644 0:0 /root\n', '/$HOME': '644 0:0 ' },
  },
  {
    name: 'changes of owners, modes and links reach the layer',
    dockerfile:
      'FROM busybox\nRUN touch /f /g && chown 12:34 /f && chmod 4711 /f && ln -s /f /l && rm /g && mkdir -m 1777 /d\n',
    tree: { '/f': '4711 12:34 ', '/l': '-> /f', '/g': null, '/d': '1777/ 0:0' },
  },
  {
    name: 'a removed file of the layer below is gone',
    dockerfile:
      'FROM busybox\nRUN echo x > /x && mkdir /d && echo y > /d/y\nRUN rm /x && rm -r /d && mkdir /d\n',
    tree: { '/x': null, '/d': '755/ 0:0', '/d/y': null },
  },
  {
    name: 'a failing command fails the build with its code and position',
    dockerfile: 'FROM busybox\nRUN true\nRUN echo said && exit 7\n',
    fails: /Dockerfile:3:1: .*returned a non-zero code: 7/,
  },
  {
    name: 'a missing program',
    dockerfile: 'FROM busybox\nRUN ["/no/such"]\n',
    fails: /returned a non-zero code: 127/,
  },
  {
    name: 'continued lines are one command',
    dockerfile: 'FROM busybox\nRUN echo a \\\n  # a comment\n  && echo b \\\n\n  > /o\n',
    tree: { '/o': 'b\n' },
  },
  {
    name: 'a here-document is a script',
    dockerfile: 'FROM busybox\nRUN <<EOF\nset -e\nx=1\necho "x is $x" > /o\nEOF\n',
    tree: { '/o': 'x is 1\n' },
  },
  {
    name: 'a here-document that begins with #! runs in that program',
    dockerfile: 'FROM busybox\nRUN <<EOF\n#!/bin/busybox sh\necho "$0 of $#" > /o\nEOF\n',
    tree: { '/o': '/dev/pipes/EOF of 0\n', '/dev/pipes': null },
  },
  {
    name: 'a here-document that a command reads',
    dockerfile: 'FROM busybox\nRUN cat <<A <<-B > /o\none\nA\n\ttwo\nB\n',
    tree: { '/o': 'two\n' },
  },
  {
    name: 'SHELL changes the shell of the shell form',
    dockerfile: 'FROM busybox\nSHELL ["/bin/sh", "-ec"]\nRUN false; echo never\n',
    fails: /returned a non-zero code: 1/,
  },
  {
    name: 'USER and WORKDIR apply to RUN',
    dockerfile:
      'FROM busybox\nRUN mkdir -m 777 /o\nUSER nobody\nWORKDIR /tmp\nRUN id -u > /o/u; pwd > /o/p\nUSER 5:6\nRUN id -g > /o/g\n',
    tree: { '/o/u': '644 65534:65534 65534\n', '/o/p': '/tmp\n', '/o/g': '644 5:6 6\n' },
    config: { User: '5:6', WorkingDir: '/tmp' },
  },
  {
    name: 'a bind mount shows the context, and leaves nothing in the layer',
    dockerfile: 'FROM busybox\nRUN --mount=type=bind,target=/ctx cp /ctx/a /copied\n',
    files: { a: 'A' },
    tree: { '/copied': 'A', '/ctx': null },
  },
  {
    name: 'a bind mount is read-only unless rw, and then discards writes',
    dockerfile:
      'FROM busybox\nRUN --mount=target=/c,rw echo new > /c/a && cat /c/a > /o\nRUN --mount=target=/c cat /c/a > /p; echo x > /c/a || echo ro > /q\n',
    files: { a: 'A' },
    tree: { '/o': 'new\n', '/p': 'A', '/q': 'ro\n' },
  },
  {
    name: 'a bind mount over several layers of a stage',
    dockerfile:
      'FROM busybox AS s\nRUN mkdir /d && echo 1 > /d/one\nRUN echo 2 > /d/two && echo x > /d/gone\nRUN rm /d/gone\n' +
      'FROM busybox\nRUN --mount=from=s,source=/d,target=/m ls /m > /o && cat /m/one /m/two >> /o\n',
    tree: { '/o': 'one\ntwo\n1\n2\n', '/m': null },
  },
  {
    name: 'a bind mount of one file through a link of its stage',
    dockerfile:
      'FROM busybox AS s\nRUN mkdir /real && echo in > /real/f && ln -s /real /l && ln -s /etc /host\n' +
      'FROM busybox\nRUN --mount=from=s,source=/l/f,target=/m/f cat /m/f > /o\nRUN --mount=from=s,source=/host/group,target=/g cat /g > /p\n',
    tree: { '/o': 'in\n', '/m': null, '/p': /root:x:0/ },
  },
  {
    name: 'a missing bind source is reported by name',
    dockerfile: 'FROM busybox\nRUN --mount=source=/nope,target=/m true\n',
    fails: /source=\/nope does not exist/,
  },
  {
    name: 'a cache mount persists between steps with its owner and mode',
    dockerfile:
      'FROM busybox\nRUN --mount=type=cache,id=own,target=/c,uid=3,gid=4,mode=0700 echo kept > /c/f; stat -c "%u-%g %a" /c > /o\n' +
      'RUN --mount=type=cache,id=own,target=/other cat /other/f > /p\n',
    tree: { '/o': '3-4 700\n', '/p': 'kept\n', '/c': null, '/other': null },
  },
  {
    name: 'a cache mount starts with the files of a stage',
    dockerfile:
      'FROM busybox AS s\nRUN mkdir /seed && echo grown > /seed/f\n' +
      'FROM busybox\nRUN --mount=type=cache,id=seeded,from=s,source=/seed,target=/c cat /c/f > /o\n',
    tree: { '/o': 'grown\n' },
  },
  {
    name: 'private and locked caches work concurrently',
    dockerfile:
      'FROM busybox AS a\nRUN --mount=type=cache,id=l,sharing=locked,target=/c sleep 0.2; echo a >> /c/f; wc -l < /c/f > /n\n' +
      'FROM busybox AS b\nRUN --mount=type=cache,id=l,sharing=locked,target=/c sleep 0.2; echo b >> /c/f; wc -l < /c/f > /n\n' +
      'FROM busybox\nCOPY --from=a /n /a\nCOPY --from=b /n /b\nRUN cat /a /b | sort | tr -d " \\n" > /o\n' +
      'RUN --mount=type=cache,id=p,sharing=private,target=/c ls /c > /p\n',
    tree: { '/o': '12', '/p': '' },
  },
  {
    name: 'a tmpfs mount has its size and is discarded',
    dockerfile:
      "FROM busybox\nRUN --mount=type=tmpfs,target=/t,size=1m df -k /t | tail -1 | awk '{print $2}' > /o; echo x > /t/x\n",
    tree: { '/o': '1024\n', '/t': null },
  },
  {
    name: 'a secret that was not provided fails only when it is required',
    dockerfile:
      'FROM busybox\nRUN --mount=type=secret,id=k test ! -e /run/secrets/k\nRUN --mount=type=secret,id=k,required true\n',
    fails: /Dockerfile:3:1: secret k: not found/,
  },
  {
    name: 'an ssh agent that is not forwarded',
    dockerfile:
      'FROM busybox\nRUN --mount=type=ssh test -z "$SSH_AUTH_SOCK"\nRUN --mount=type=ssh,required true\n',
    fails: /Dockerfile:3:1: unset ssh forward key default/,
  },
  {
    name: '--network=none has only the loopback interface',
    dockerfile: 'FROM busybox\nRUN --network=none ls /sys/class/net > /o\n',
    tree: { '/o': 'lo\n' },
  },
  {
    name: 'privileges of the host are not granted by default',
    dockerfile: 'FROM busybox\nRUN --security=insecure true\n',
    fails: /security.insecure is not allowed/,
  },
  {
    name: '--security=insecure grants them when allowed',
    dockerfile:
      'FROM busybox\nRUN --security=insecure mount -t tmpfs x /mnt 2>/dev/null || mkdir -p /mnt && mount -t tmpfs x /mnt && echo yes > /o\nRUN mount -t tmpfs x /mnt || echo no > /p\n',
    query: { allow: 'security.insecure' },
    tree: { '/o': 'yes\n', '/p': 'no\n' },
  },
  {
    name: 'a device that the step requires is rejected unless it is allowed',
    dockerfile: 'FROM busybox\nRUN --device=vendor.com/d=x true\nRUN --device=vendor.com/d=x,required true\n',
    fails:
      /Dockerfile:3:1: granting entitlement device is not allowed: build with --allow device=vendor.com\/d=x/,
  },
  {
    name: 'a missing device is skipped unless it is required',
    dockerfile: 'FROM busybox\nRUN --device=vendor.com/d=x true\nRUN --device=vendor.com/d=x,required true\n',
    query: { allow: 'device' },
    fails: /Dockerfile:3:1: .*vendor.com\/d=x/,
  },
  {
    name: 'extra hosts, shared memory and limits of the request apply',
    dockerfile:
      "FROM busybox\nRUN grep db.local /etc/hosts > /h; df -k /dev/shm | tail -1 | awk '{print $2}' > /s; ulimit -n > /n\n",
    query: {
      extrahosts: 'db.local:10.9.8.7',
      shmsize: '1048576',
      ulimits: '[{"Name":"nofile","Soft":99,"Hard":99}]',
    },
    tree: { '/h': /10\.9\.8\.7\s+db\.local/, '/s': '1024\n', '/n': '99\n' },
  },
  {
    name: 'security options of the request apply to RUN',
    dockerfile:
      'FROM busybox\nRUN grep Seccomp: /proc/self/status > /o; grep NoNewPrivs /proc/self/status >> /o\n',
    query: { securityopt: '["seccomp=unconfined","no-new-privileges"]' },
    tree: { '/o': 'Seccomp:\t0\nNoNewPrivs:\t1\n' },
  },
  {
    name: 'output of many lines arrives completely',
    dockerfile: 'FROM busybox\nRUN seq 1 3000; echo err >&2\n',
    says: /\n2999\n3000\n/,
  },
  {
    name: 'mounted files of /etc are not part of the layer',
    dockerfile: 'FROM busybox\nRUN echo x >> /etc/hosts\nRUN echo own > /etc/own\n',
    tree: { '/etc/own': 'own\n', '/etc/hosts': null, '/etc/resolv.conf': null },
  },
];
