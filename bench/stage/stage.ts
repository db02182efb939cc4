/**
 * Where one run of the bench lives. Everything it makes is below these names, or in namespaces that end with it, so
 * that it can be taken away whatever happened.
 */
export interface Stage {
  /** Data roots and logs: on the machine's disk, where `/tmp` is. */
  readonly directory: string;
  /** Below this, in each hierarchy, are the containers' cgroups. */
  readonly cgroup: string;
  /** On a tmpfs of the stage's own: sockets and run-time state. */
  readonly run: string;
}

const NAME = 'barge-bench-';

/** @param owner the pid of the outer process, in the host's pid namespace. */
export function stageOf(owner: number): Stage {
  return { directory: `/tmp/${NAME}${owner}`, cgroup: `/${NAME}${owner}`, run: '/run/barge-bench' };
}

/** The pid in a name that `stageOf` made. */
export function ownerOf(name: string): number | undefined {
  const digits = name.startsWith(NAME) ? name.slice(NAME.length) : '';
  return /^\d+$/.test(digits) ? Number(digits) : undefined;
}
