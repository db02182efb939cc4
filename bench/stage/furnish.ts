import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runToEnd } from '../measure/process.ts';
import type { Stage } from './stage.ts';

/** Directories that peers write to regardless of their flags: docker's key, CNI's leases, … */
const SCRATCHED = ['/etc', '/var/lib'];

/**
 * Prepares the fresh namespaces: brings the loopback interface up, mounts an empty `/run`, and mounts overlays on the
 * machine's directories to redirect all writes. All of it disappears with the namespaces.
 */
export function furnish(stage: Stage): void {
  mount('tmpfs', '/run', 'mode=755');
  for (const directory of ['/run/lock', stage.run]) mkdirSync(directory, { recursive: true });
  for (const target of SCRATCHED) cover(target, join('/run/.over', target));
  runToEnd({ file: 'ip', args: ['link', 'set', 'lo', 'up'] });
  for (const name of ['home', 'tmp', 'logs']) mkdirSync(join(stage.directory, name));
  Object.assign(process.env, {
    HOME: join(stage.directory, 'home'),
    TMPDIR: join(stage.directory, 'tmp'),
    PATH: `${process.env.PATH}:/usr/sbin:/sbin`,
  });
  for (const name of ['DOCKER_HOST', 'DOCKER_CONTEXT', 'BARGE_HOST', 'CONTAINER_HOST'])
    delete process.env[name];
}

function cover(target: string, scratch: string): void {
  const [upper, work] = [join(scratch, 'upper'), join(scratch, 'work')];
  for (const directory of [upper, work]) mkdirSync(directory, { recursive: true });
  mount('overlay', target, `lowerdir=${target},upperdir=${upper},workdir=${work}`);
}

function mount(type: string, target: string, options: string): void {
  runToEnd({ file: 'mount', args: ['-t', type, '-o', options, type, target] });
}
