/** What to do about each limit of the kernel's that keeps a process from starting, by the name of its errno. */
const LIMITS: ReadonlyMap<string, string> = new Map([
  [
    'EAGAIN',
    "the limit of processes is reached: raise TasksMax of the daemon's service (pids.max of its control group, ulimit -u), or stop something",
  ],
  [
    'EMFILE',
    'the daemon has no file descriptors left: raise LimitNOFILE of its service (ulimit -n), or close connections to it',
  ],
  ['ENFILE', 'the host has no file descriptors left: raise fs.file-max, or stop something'],
  ['ENOMEM', 'the host has no memory left: stop something, or add swap space'],
]);

/** @returns which limit an errno means and how to raise it; undefined for one that means no limit. */
export function processLimit(errno: string): string | undefined {
  return LIMITS.get(errno);
}
