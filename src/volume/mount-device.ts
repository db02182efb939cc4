import { systemError } from '../core/errors.ts';
import type { Mounts } from '../host/host.ts';
import { type DriverOptions, mountCall } from './driver-options.ts';

/** Mounts a volume's own file system at `target`. @throws BargeError system, in docker's words, with passwords hidden. */
export async function mountDevice(
  mounts: Pick<Mounts, 'mountDevice'>,
  options: DriverOptions,
  target: string,
): Promise<void> {
  const { device, type, flags, data } = await mountCall(options);
  const failure = await mounts.mountDevice({ device, type, flags, data }, target);
  if (failure === undefined) return;
  const reason = failure.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
  const details = [
    ...(flags ? [`flags: 0x${flags.toString(16)}`] : []),
    ...(data ? [`data: ${data.replace(/password=[^,]*/g, 'password=********')}`] : []),
  ];
  throw systemError(
    `error while mounting volume '${target}': failed to mount local volume: ${[`mount ${device}:${target}`, ...details].join(', ')}: ${reason}`,
  );
}
