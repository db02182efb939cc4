/** Finds an OpenSSH server for the tests, or unpacks the distribution's; never installs one, which would start it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { unpackWithDependencies } from './apt-unpack.ts';

const CACHE = join(import.meta.dirname, '../.cache/ssh-server');
const INSTALLED = '/usr/sbin/sshd';
const UNPACKED = join(CACHE, 'usr/sbin/sshd');

/**
 * The path of `sshd`: installed, unpacked earlier, or unpacked now.
 * @throws Error when this machine's apt sources have none.
 */
export function sshServer(): string {
  if (existsSync(INSTALLED)) return INSTALLED;
  if (!existsSync(UNPACKED) && !unpackWithDependencies('openssh-server', CACHE)) {
    throw new Error('no SSH server: apt has no openssh-server');
  }
  return UNPACKED;
}
