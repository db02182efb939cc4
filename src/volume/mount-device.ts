import { systemError } from '../core/errors.ts';
import { helperProgram } from '../host/helpers.ts';
import { capture, run } from '../host/process.ts';
import { type DriverOptions, mountCall } from './driver-options.ts';

/** Mounts a volume's own file system at `target`. @throws BargeError system, in docker's words, with passwords hidden. */
export async function mountDevice(options: DriverOptions, target: string): Promise<void> {
  const { device, type, flags, data } = await mountCall(options);
  const args = ['--device', device, '--type', type, '--flags', `${flags}`, '--data', data];
  const { code, stderr } = await capture(helperProgram('barge-fs'), ['mount', '--root', target, ...args]);
  if (code === 0) return;
  const reason = stderr.trim().replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
  const details = [
    ...(flags ? [`flags: 0x${flags.toString(16)}`] : []),
    ...(data ? [`data: ${data.replace(/password=[^,]*/g, 'password=********')}`] : []),
  ];
  throw systemError(
    `error while mounting volume '${target}': failed to mount local volume: ${[`mount ${device}:${target}`, ...details].join(', ')}: ${reason}`,
  );
}

/** Lazily: a process that still has a file open keeps the file system until it ends. */
export async function unmount(target: string): Promise<void> {
  await capture('umount', ['--lazy', target]);
}

/**
 * Makes `directory` a mount that passes on what is mounted below it: the shims' own mount namespaces then let go of a
 * volume's file system when the host does, even where the host's root is private.
 */
export async function shareMounts(directory: string): Promise<void> {
  await run('mount', ['--bind', directory, directory]);
  await run('mount', ['--make-private', directory]);
  await run('mount', ['--make-shared', directory]);
}
