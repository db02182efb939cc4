import type { Platform } from '../../api/oci-image.ts';
import { entryOf } from '../../core/entry-of.ts';
import { invalidParameter } from '../../core/errors.ts';

const ARCHITECTURES: Readonly<Record<string, { architecture: string; variant?: string }>> = {
  x64: { architecture: 'amd64' },
  x86_64: { architecture: 'amd64' },
  'x86-64': { architecture: 'amd64' },
  aarch64: { architecture: 'arm64' },
  ia32: { architecture: '386' },
  i386: { architecture: '386' },
  arm: { architecture: 'arm', variant: 'v7' },
  armhf: { architecture: 'arm', variant: 'v7' },
  armel: { architecture: 'arm', variant: 'v6' },
};
const SYSTEMS =
  'aix android darwin dragonfly freebsd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows zos'.split(
    ' ',
  );
/** The architectures of Go; a single word is one of these, or an operating system. */
const KNOWN_ARCHITECTURES = (
  '386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mips64 mips64le mips64p32 mips64p32le mipsle ppc ppc64 ' +
  'ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm'
).split(' ');

/** The platform of this machine. */
export function hostPlatform(): Platform {
  return normalize({ os: 'linux', architecture: process.arch });
}

/** Reads `os[/arch[/variant]]` or only an architecture, as containerd's platforms package does. */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/');
  const [first = '', architecture, variant] = parts;
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_-]+$/.test(part))) {
    throw invalidParameter(`"${text}" is an invalid platform: want os/arch[/variant]`);
  }
  if (architecture === undefined) {
    if (SYSTEMS.includes(first)) return { ...hostPlatform(), os: first };
    const platform = normalize({ os: 'linux', architecture: first });
    if (KNOWN_ARCHITECTURES.includes(platform.architecture)) return platform;
    throw invalidParameter(`"${text}": unknown operating system or architecture: want os/arch[/variant]`);
  }
  return normalize({ os: first, architecture, ...(variant === undefined ? {} : { variant }) });
}

function normalize(platform: Platform): Platform {
  const known = entryOf(ARCHITECTURES, platform.architecture);
  const normal = known ? { ...known, ...platform, architecture: known.architecture } : platform;
  const { variant, ...rest } = normal;
  // arm64 implies v8, and amd64 implies v1.
  const implied = rest.architecture === 'arm64' ? 'v8' : rest.architecture === 'amd64' ? 'v1' : undefined;
  return variant === undefined || variant === implied ? rest : { ...rest, variant };
}

export function formatPlatform(platform: Platform): string {
  const base = `${platform.os}/${platform.architecture}`;
  return platform.variant ? `${base}/${platform.variant}` : base;
}

/** The variables that every Dockerfile may declare with ARG. */
export function platformArgs(build: Platform, target: Platform, stage: string): Record<string, string> {
  const args = (prefix: string, platform: Platform) => ({
    [`${prefix}PLATFORM`]: formatPlatform(platform),
    [`${prefix}OS`]: platform.os,
    [`${prefix}OSVERSION`]: platform['os.version'] ?? '',
    [`${prefix}ARCH`]: platform.architecture,
    [`${prefix}VARIANT`]: platform.variant ?? '',
  });
  return { ...args('BUILD', build), ...args('TARGET', target), TARGETSTAGE: stage || 'default' };
}
