/** Advice for each kernel limit that prevents a process from starting, by errno name. */
const LIMITS: ReadonlyMap<string, string> = new Map([
  [
    'EAGAIN',
    "the process limit is reached: raise TasksMax of the daemon's service (pids.max of its control group, ulimit -u), or stop some processes",
  ],
  [
    'EMFILE',
    'the daemon has no file descriptors left: raise LimitNOFILE of its service (ulimit -n), or close connections to it',
  ],
  ['ENFILE', 'the host has no file descriptors left: raise fs.file-max, or stop some processes'],
  ['ENOMEM', 'the host has no memory left: stop some processes, or add swap space'],
]);

/** @returns the limit that an errno stands for and how to raise it; undefined for any other errno. */
export function processLimit(errno: string): string | undefined {
  return LIMITS.get(errno);
}
