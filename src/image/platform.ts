import { arch } from 'node:os';
import { invalidParameter } from '../core/errors.ts';
import type { Descriptor, ImageIndex, Platform } from '../spec/oci-image.ts';

const GO_ARCHITECTURE: Record<string, string> = { x64: 'amd64', arm64: 'arm64', arm: 'arm' };

export function hostPlatform(): Platform {
  return { os: 'linux', architecture: GO_ARCHITECTURE[arch()] ?? arch() };
}

/** `os/arch[/variant]` or only `arch`. @throws BargeError invalid-parameter. */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/');
  const [os = '', architecture = '', variant] = parts.length === 1 ? ['linux', ...parts] : parts;
  if (!os || !architecture || parts.length > 3) {
    throw invalidParameter(`"${text}" is an invalid OS/architecture: want os/arch or os/arch/variant`);
  }
  return { os, architecture, ...(variant ? { variant } : {}) };
}

export function platformText({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter(Boolean).join('/');
}

/** Whether an image of `actual` is one of those that `wanted` means; a variant that is not named may be any. */
export function isFor(actual: Platform, wanted: Platform): boolean {
  return (
    actual.os === wanted.os &&
    actual.architecture === wanted.architecture &&
    (!wanted.variant || !actual.variant || actual.variant === wanted.variant)
  );
}

/** The manifest of an index for a platform: with the very variant if there is one. */
export function choosePlatform(index: ImageIndex, wanted: Platform): Descriptor | undefined {
  const fitting = (index.manifests ?? []).filter(({ platform }) => platform && isFor(platform, wanted));
  return fitting.find(({ platform }) => platform?.variant === wanted.variant) ?? fitting[0];
}
