import { arch } from 'node:os';
import type { Descriptor, ImageIndex, Platform } from '../api/oci-image.ts';
import { entryOf } from '../core/entry-of.ts';
import { invalidParameter } from '../core/errors.ts';

const GO_ARCHITECTURE: Record<string, string> = { x64: 'amd64', arm64: 'arm64', arm: 'arm' };

export function hostPlatform(): Platform {
  return { os: 'linux', architecture: GO_ARCHITECTURE[arch()] ?? arch() };
}

const SYSTEMS = ['linux', 'windows', 'darwin', 'freebsd', 'netbsd', 'openbsd', 'solaris', 'macos'];
const ARCHITECTURES =
  '386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x'.split(' ');
/** Other names for them. */
const ALIASES: Record<string, string> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
  i386: '386',
  armhf: 'arm',
  armel: 'arm',
};

/** `os[/arch[/variant]]` or only `arch`; missing parts default to this machine's. @throws BargeError invalid-parameter. */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/');
  const wrong = parts.find((part) => !/^[a-z0-9_.-]+$/.test(part));
  if (wrong !== undefined || parts.length > 3) {
    throw invalidParameter(
      `"${wrong ?? text}" is an invalid OS component of "${text}": want os/arch[/variant]`,
    );
  }
  const [first = '', second, variant] = parts;
  if (second !== undefined) {
    return { os: first, architecture: entryOf(ALIASES, second) ?? second, ...(variant ? { variant } : {}) };
  }
  if (SYSTEMS.includes(first)) return { ...hostPlatform(), os: first };
  const architecture = entryOf(ALIASES, first) ?? first;
  if (ARCHITECTURES.includes(architecture)) return { os: 'linux', architecture };
  throw invalidParameter(`"${text}": unknown operating system or architecture`);
}

export function platformText({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter(Boolean).join('/');
}

/** Whether an image for `actual` matches `wanted`; without a variant, any variant matches. */
export function isFor(actual: Platform, wanted: Platform): boolean {
  return (
    actual.os === wanted.os &&
    actual.architecture === wanted.architecture &&
    (!wanted.variant || !actual.variant || actual.variant === wanted.variant)
  );
}

/** The manifest of an index for a platform, preferably with the exact variant. */
export function choosePlatform(index: ImageIndex, wanted: Platform): Descriptor | undefined {
  const fitting = (index.manifests ?? []).filter(({ platform }) => platform && isFor(platform, wanted));
  return fitting.find(({ platform }) => platform?.variant === wanted.variant) ?? fitting[0];
}
