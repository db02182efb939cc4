/** Unpacks the distribution's image tools for the tests when they are not on the PATH; installs nothing. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { unpackWithDependencies } from './apt-unpack.ts';

const CACHE = join(import.meta.dirname, '../.cache/image-tools');

export const IMAGE_TOOLS = ['skopeo', 'umoci', 'buildah', 'podman', 'docker-registry'] as const;
export type ImageTool = (typeof IMAGE_TOOLS)[number];

/** An available tool, and the environment that it needs. */
export interface RunnableTool {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Omits tools that this machine's apt sources lack, which the tests report. */
export function imageTools(): void {
  for (const name of IMAGE_TOOLS) {
    if (!imageTool(name)) unpackWithDependencies(name, join(CACHE, name));
  }
}

/** The tool on the PATH, else the unpacked one, else undefined. */
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
