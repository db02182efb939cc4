import type { MountRequest } from '../api/engine/volumes.ts';
import { invalidParameter } from '../core/errors.ts';
import { destinationOf } from './destination.ts';
import type { TmpfsMountOptions } from './mount-options.ts';

const SWITCHES = new Set(
  'defaults ro rw suid nosuid dev nodev exec noexec sync async dirsync remount mand nomand atime noatime diratime nodiratime relatime norelatime strictatime nostrictatime bind rbind unbindable runbindable private rprivate shared rshared slave rslave'.split(
    ' ',
  ),
);
const VALUES = new Set(['size', 'mode', 'uid', 'gid', 'nr_inodes', 'nr_blocks', 'mpol']);

/** Checks options as mount(8) takes them. @throws BargeError invalid-parameter naming the first option that tmpfs does not have. */
export function tmpfsOptions(options: readonly string[]): readonly string[] {
  const wrong = options.find((option) => {
    const [name = ''] = option.split('=', 1);
    return option.includes('=') ? !VALUES.has(name) : !SWITCHES.has(name);
  });
  if (wrong !== undefined) throw invalidParameter(`invalid tmpfs option "${wrong}"`);
  return options;
}

/** `TmpfsOptions` of a mount as options of mount(8). Each option is a list of its name and, optionally, its value. */
export function optionsOfRequest({ TmpfsOptions: request = {}, ReadOnly }: MountRequest): readonly string[] {
  const { SizeBytes: size, Mode: mode, Options: further } = request;
  if (size !== undefined && (!Number.isInteger(size) || size < 0)) {
    throw invalidParameter(`invalid tmpfs size: ${size}`);
  }
  const extra = ((further ?? []) as readonly (readonly string[])[]).map((entry) => {
    if (!Array.isArray(entry) || entry.length < 1 || entry.length > 2) {
      throw invalidParameter(`invalid option array length: ${JSON.stringify(entry)}`);
    }
    return entry.join('=');
  });
  const own = [ReadOnly ? 'ro' : '', mode ? `mode=${mode.toString(8)}` : '', size ? `size=${size}` : ''];
  return tmpfsOptions([...own.filter(Boolean), ...extra]);
}

/** An entry of `HostConfig.Tmpfs`. @throws BargeError invalid-parameter. */
export function parseTmpfs(target: string, text: string): TmpfsMountOptions {
  const options = tmpfsOptions(text.split(',').filter(Boolean));
  return { kind: 'tmpfs', destination: destinationOf(target), mode: text, options, unlisted: true };
}
