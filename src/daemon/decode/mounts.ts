import type { HostConfig } from '../../api/engine/containers.ts';
import type { MountOptions } from '../../volume/mount-options.ts';
import { parseBind } from '../../volume/parse-bind.ts';
import { parseMountRequest } from '../../volume/parse-mount.ts';
import { parseTmpfs } from '../../volume/tmpfs.ts';

/** Mounts of `-v`, `--mount` and `--tmpfs`. @throws BargeError invalid-parameter in docker's words. */
export const mountsOf = ({ Binds, Mounts, Tmpfs }: HostConfig): MountOptions[] => [
  ...(Binds ?? []).map(parseBind),
  ...(Mounts ?? []).map(parseMountRequest),
  ...Object.entries(Tmpfs ?? {}).map(([target, options]) => parseTmpfs(target, options)),
];
