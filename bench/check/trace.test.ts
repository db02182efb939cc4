import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countCalls } from './trace.ts';

const LINES = `
10 openat(AT_FDCWD, "/a", O_RDONLY) = 3
10 clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 11
11 fsync(3) = 0
10 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>
12 openat(AT_FDCWD, "/b", O_RDONLY) = 3
10 <... clone resumed>) = 12
12 execve("/usr/bin/crun", ["crun"], 0x1 /* 3 vars */) = 0
12 openat(AT_FDCWD, "/c", O_RDONLY) = 3
12 execve("/usr/local/bin/crun", ["crun"], 0x1 /* 3 vars */) = -1 ENOENT (No such file or directory)
12 execveat(5, "", ["crun"], 0x1 /* 3 vars */, AT_EMPTY_PATH) = 0
12 fork() = 1 /* 13 in strace's PID NS */
13 openat(AT_FDCWD, "/d", O_RDONLY <unfinished ...>
13 <... openat resumed>) = 3
10 read(3, "", 1) = 0
12 +++ exited with 0 +++
10 fork() = 14
14 execveat(6, "", ["/usr/bin/crun", "run"], 0x1 /* 3 vars */, AT_EMPTY_PATH) = 0
14 openat(AT_FDCWD, "/e", O_RDONLY) = 3
`;

test('calls of our own programs are counted, once each, threads among them; a runtime’s are not', () => {
  const { opens, syncs, processes, programs } = countCalls(LINES);
  assert.deepEqual({ opens, syncs, processes, programs }, { opens: 2, syncs: 1, processes: 2, programs: 2 });
});
