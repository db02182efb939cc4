/** Unpacks the distribution's tools for images for the tests, where they are not on the PATH; installs nothing. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { unpackWithDependencies } from './apt-unpack.ts';

const CACHE = join(import.meta.dirname, '../.cache/image-tools');

export const IMAGE_TOOLS = ['skopeo', 'umoci', 'buildah', 'podman', 'docker-registry'] as const;
export type ImageTool = (typeof IMAGE_TOOLS)[number];

/** A tool that runs here, and what it needs in its environment to do so. */
export interface RunnableTool {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Leaves out what this machine's apt sources do not have: the tests say so. */
export function imageTools(): void {
  for (const name of IMAGE_TOOLS) {
    if (!imageTool(name)) unpackWithDependencies(name, join(CACHE, name));
  }
}

/** The one on the PATH, or one that was unpacked; undefined: neither. */
export function imageTool(name: ImageTool): RunnableTool | undefined {
  const directories = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const installed = directories.map((directory) => ({ path: join(directory, name), env: {} }));
  return [...installed, ...unpacked(name)].find(
    ({ path, env }) =>
      existsSync(path) && spawnSync(path, ['--version'], { env: { ...process.env, ...env } }).status === 0,
  );
}

function unpacked(name: ImageTool): RunnableTool[] {
  const directory = join(CACHE, name);
  if (!existsSync(directory)) return [];
  const programs = join(directory, 'usr/bin');
  return [
    {
      path: join(programs, name),
      env: { PATH: `${process.env.PATH}${delimiter}${programs}` },
    },
  ];
}
