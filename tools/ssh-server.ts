/** Finds an OpenSSH server for the tests, or unpacks the distribution's; never installs one, which would start it. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { unpackPackage } from './apt-unpack.ts';

const CACHE = join(import.meta.dirname, '../.cache/ssh-server');
const INSTALLED = '/usr/sbin/sshd';
const UNPACKED = join(CACHE, 'usr/sbin/sshd');

/** The server, and a library of it that small systems lack. */
const PACKAGES = ['openssh-server', 'libwrap0'];

/**
 * The path of `sshd`: the installed one, or one unpacked before, or one unpacked now.
 * @throws Error when this machine's apt sources have none.
 */
export function sshServer(): string {
  if (existsSync(INSTALLED)) return INSTALLED;
  if (!existsSync(UNPACKED)) unpack();
  return UNPACKED;
}

function unpack(): void {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'unpacking-'));
  try {
    for (const name of PACKAGES) {
      if (!unpackPackage(name, folder)) throw new Error(`no SSH server: apt has no ${name}`);
    }
    renameSync(join(folder, 'usr'), join(CACHE, 'usr'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
