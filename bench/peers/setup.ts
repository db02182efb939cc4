import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** The peers, and what Debian only recommends but podman's bridges and names need. */
const PACKAGES = ['docker.io', 'podman', 'netavark', 'aardvark-dns', 'buildah', 'docker-registry'];

/** Debian's switch against services that packages start when they are installed. */
const POLICY = '/usr/sbin/policy-rc.d';

/** Installs the distribution's peers without starting their daemons: the bench starts its own. @returns exit code. */
export function setupPeers(): number {
  process.stdout.write(`bench: installing by apt: ${PACKAGES.join(' ')}\n`);
  const ours = !existsSync(POLICY);
  if (ours) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const code = apt('install', '--no-install-recommends', ...PACKAGES);
    if (code === 0) return 0;
    process.stdout.write('bench: installing failed: refreshing the package lists\n');
    return apt('update') || apt('install', '--no-install-recommends', ...PACKAGES);
  } finally {
    if (ours) rmSync(POLICY);
  }
}

function apt(...args: string[]): number {
  const { status } = spawnSync('apt-get', ['-q', '-y', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return status ?? 1;
}
