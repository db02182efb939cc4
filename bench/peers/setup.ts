import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** The peers, and the packages that podman's networks and names need but Debian only recommends. */
const PACKAGES = ['docker.io', 'podman', 'netavark', 'aardvark-dns', 'buildah', 'docker-registry'];

/** Debian's policy file that prevents packages from starting services on installation. */
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
