import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { ContainerDirectories } from './directories.ts';

/** Contents of the files that the container finds under /etc, or the id of the running container that it has them from. */
export type EtcFiles =
  | { readonly hostname: string; readonly hosts: string; readonly resolvConf: string }
  | { readonly from: string };

/** An earlier run's exit record must not be taken for this one's. */
export function prepareExecDirectory({ exec, rootfs }: ContainerDirectories): void {
  rmSync(exec, { recursive: true, force: true });
  mkdirSync(rootfs, { recursive: true, mode: 0o711 });
}

export function writeEtcFiles(
  directories: ContainerDirectories,
  etc: Exclude<EtcFiles, { readonly from: string }>,
): void {
  writeAnew(directories.hostname, etc.hostname);
  writeAnew(directories.hosts, etc.hosts);
  writeAnew(directories.resolvConf, etc.resolvConf);
}

/** Into a new file: whoever still has the old one mounted may hold a lease on it, or let it be anything. */
function writeAnew(path: string, content: string): void {
  rmSync(path, { force: true });
  writeFileSync(path, content, { flag: 'wx' });
}
