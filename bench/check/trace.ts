/**
 * Evaluates strace's output for our own programs. It counts calls whose number depends on the work. It skips those that
 * also depend on chance: reading and writing (of pipes, sockets and wake-ups, in pieces), memory, locks, waiting.
 */

/** Kinds of calls by name; a budget has a number for each. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  processes: ['clone', 'clone3', 'fork', 'vfork'],
  programs: ['execve', 'execveat'],
  opens: ['open', 'openat', 'openat2', 'creat'],
  looks: [
    'stat',
    'lstat',
    'newfstatat',
    'statx',
    'access',
    'faccessat',
    'faccessat2',
    'readlink',
    'readlinkat',
  ],
  changes: [
    ...[
      'mkdir',
      'mkdirat',
      'rmdir',
      'unlink',
      'unlinkat',
      'rename',
      'renameat',
      'renameat2',
      'link',
      'linkat',
    ],
    ...[
      'symlink',
      'symlinkat',
      'mknod',
      'mknodat',
      'chmod',
      'fchmod',
      'fchmodat',
      'chown',
      'fchown',
      'fchownat',
    ],
    ...['lchown', 'truncate', 'ftruncate', 'mount', 'umount2', 'utimensat', 'setxattr', 'lsetxattr'],
  ],
  syncs: ['fsync', 'fdatasync', 'sync', 'syncfs', 'sync_file_range'],
  connections: ['socket', 'connect', 'bind', 'listen', 'accept', 'accept4', 'socketpair'],
  database: ['pread64', 'pwrite64'],
};

const KIND_OF = new Map(Object.entries(KINDS).flatMap(([kind, names]) => names.map((name) => [name, kind])));

/** The calls for strace to show. */
export const TRACED: readonly string[] = [...KIND_OF.keys()];

/** Calls by kind. */
export type Counts = Readonly<Record<string, number>>;

/** Runtimes are foreign programs: their calls depend on their version and on the host. */
const FOREIGN = /\/(crun|runc|nft|ip|busybox|true|sleep|sh)$/;

interface Call {
  readonly pid: string;
  readonly name: string;
  readonly rest: string;
}

/** Counts in the lines of `strace -f`, of all processes but those that run foreign programs. */
export function countCalls(text: string): Counts {
  const lines = text.split('\n');
  const parents = parentsOf(lines);
  const foreign = new Map<string, boolean>();
  const isForeign = (pid: string): boolean => {
    const known = foreign.get(pid);
    if (known !== undefined) return known;
    const parent = parents.get(pid);
    const inherited = parent !== undefined && isForeign(parent);
    foreign.set(pid, inherited);
    return inherited;
  };
  const counts: Record<string, number> = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, 0]));
  for (const call of calls(lines)) {
    const kind = KIND_OF.get(call.name) as string;
    if (!isForeign(call.pid) && !isThread(call)) counts[kind] = (counts[kind] ?? 0) + 1;
    const program = kind === 'programs' ? programOf(call) : undefined;
    if (program) foreign.set(call.pid, FOREIGN.test(program));
  }
  return counts;
}

/** The name of an executed program; undefined for a runtime that executes a copy of itself by descriptor. */
function programOf({ rest }: Call): string | undefined {
  const [, path = '', name = ''] = /"([^"]*)", \["([^"]*)"/.exec(rest) ?? [];
  const program = path || name;
  return !program.startsWith('/') || program.startsWith('/proc/') ? undefined : program;
}

const isThread = ({ rest }: Call) => rest.includes('CLONE_THREAD');

/**
 * Each call counts once, where it begins. Failed attempts of a PATH search do not count, because they depend on the
 * PATH.
 */
function* calls(lines: readonly string[]): Generator<Call> {
  for (const line of lines) {
    const [, pid, name, rest] = /^(\d+) +(\w+)\((.*)/.exec(line) ?? [];
    if (!pid || !name || rest === undefined || !KIND_OF.has(name)) continue;
    if (!(name === 'execve' && rest.includes('ENOENT'))) yield { pid, name, rest };
  }
}

/** In a separate pid namespace, a parent sees its child under another pid, which strace adds. */
const FORKED = /^(\d+) +(?:<\.\.\. )?(?:clone3?|v?fork)\b.* = (\d+)(?: \/\* (\d+) in strace's PID NS \*\/)?/;

function parentsOf(lines: readonly string[]): ReadonlyMap<string, string> {
  const parents = new Map<string, string>();
  for (const line of lines) {
    const [, parent, child, seen] = FORKED.exec(line) ?? [];
    if (parent && child) parents.set(seen ?? child, parent);
  }
  return parents;
}
