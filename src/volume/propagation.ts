import { systemError } from '../core/errors.ts';

/** A line of /proc/PID/mountinfo, as proc(5) describes it. */
interface HostMount {
  readonly point: string;
  /** Of the mount, not of its file system: `ro`, `nosuid`, … */
  readonly options: readonly string[];
  /** `shared:N`, `master:N`, … */
  readonly marks: readonly string[];
}

/** The mount that contains a path without symbolic links; the last one where several are stacked. */
export function holderOf(path: string, mountinfo: string): HostMount {
  let found: HostMount = { point: '/', options: [], marks: [] };
  for (const line of mountinfo.split('\n')) {
    const [, , , , escaped = '', options = '', ...rest] = line.split(' ');
    const point = unescapePath(escaped);
    const holds = point !== '' && (path === point || path.startsWith(point === '/' ? '/' : `${point}/`));
    if (!holds || point.length < found.point.length) continue;
    found = { point, options: options.split(','), marks: rest.slice(0, rest.indexOf('-')) };
  }
  return found;
}

/** Decodes a path from mountinfo, which writes white space as octal escapes. */
export function unescapePath(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/**
 * Mounts propagate between host and container only when the source is on a mount that propagates them.
 * @throws BargeError system, in docker's words, when it does not.
 */
export function assertPropagation(source: string, propagation: string, { point, marks }: HostMount): void {
  const shared = propagation === 'shared' || propagation === 'rshared';
  if (!shared && propagation !== 'slave' && propagation !== 'rslave') return;
  const passes = marks.some((mark) => mark.startsWith('shared:') || (!shared && mark.startsWith('master:')));
  if (passes) return;
  throw systemError(
    `path ${source} is mounted on ${point} but it is not a shared${shared ? '' : ' or slave'} mount`,
  );
}

const KEPT = ['nosuid', 'nodev', 'noexec'];

/** Restrictions of a host mount that the runtime's bind mount would otherwise lift. */
export function inheritedLimits({ options }: HostMount): { readOnly: boolean; options: string[] } {
  return { readOnly: options.includes('ro'), options: options.filter((option) => KEPT.includes(option)) };
}
