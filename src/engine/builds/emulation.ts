import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { entryOf } from '../../core/entry-of.ts';
import { unavailable } from '../../core/errors.ts';

const BINFMT = '/proc/sys/fs/binfmt_misc';
const OWN: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', ia32: '386', arm: 'arm' };
/** Architectures that a machine runs natively in addition to its own. */
const ALSO: Readonly<Record<string, readonly string[]>> = { amd64: ['386'], arm64: ['arm'] };
/** QEMU's names of architectures. */
const QEMU: Readonly<Record<string, string>> = {
  amd64: 'x86_64',
  arm64: 'aarch64',
  '386': 'i386',
  ppc64le: 'ppc64le',
  riscv64: 'riscv64',
  s390x: 's390x',
  arm: 'arm',
};

/** @throws BargeError unavailable when this machine cannot run programs of that architecture. */
export function assertRuns(architecture: string | undefined): void {
  const own = OWN[process.arch] ?? process.arch;
  if (!architecture || architecture === own || ALSO[own]?.includes(architecture)) return;
  const name = entryOf(QEMU, architecture) ?? architecture;
  if (handlers().some((text) => text.startsWith('enabled') && text.includes(name))) return;
  throw unavailable(
    `RUN needs ${architecture} programs, and this machine (${own}) has no emulator for them: install qemu-user-static, which registers one with binfmt_misc`,
  );
}

function handlers(): string[] {
  try {
    return readdirSync(BINFMT)
      .filter((name) => name !== 'register' && name !== 'status')
      .map((name) => readFileSync(join(BINFMT, name), 'utf8'));
  } catch {
    return []; /* not mounted: none */
  }
}
