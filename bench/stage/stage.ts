/**
 * The locations of one run of the bench. Everything that it creates is below these paths, or in namespaces that end
 * with it, so that it can be removed in any case.
 */
export interface Stage {
  /** Data roots and logs, on the disk of `/tmp`. */
  readonly directory: string;
  /** The parent of the containers' cgroups in each hierarchy. */
  readonly cgroup: string;
  /** Sockets and run-time state, on the stage's tmpfs. */
  readonly run: string;
}

const NAME = 'barge-bench-';

/** @param owner the pid of the outer process, in the host's pid namespace. */
export function stageOf(owner: number): Stage {
  return { directory: `/tmp/${NAME}${owner}`, cgroup: `/${NAME}${owner}`, run: '/run/barge-bench' };
}

/** The pid in a name from `stageOf`. */
export function ownerOf(name: string): number | undefined {
  const digits = name.startsWith(NAME) ? name.slice(NAME.length) : '';
  return /^\d+$/.test(digits) ? Number(digits) : undefined;
}
