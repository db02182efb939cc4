import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, systemError } from '../../src/core/errors.ts';
import { ownerOf, type Stage, stageOf } from './stage.ts';

const CGROUPS = '/sys/fs/cgroup';

/** The kernel kills the namespace's processes asynchronously, and their cgroups are busy until then. */
const ATTEMPTS = 50;
const PAUSE_MS = 100;

/** @throws BargeError system when part of the stage cannot be removed. */
export async function removeStage(stage: Stage): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      removeNow(stage);
      return;
    } catch (cause) {
      if (attempt === ATTEMPTS)
        throw systemError(
          `the bench's leftovers (${stage.directory}, cgroups ${stage.cgroup}) cannot be removed`,
          {
            cause,
          },
        );
      await sleep(PAUSE_MS);
    }
  }
}

/** The leftovers of killed benches. */
export function removeAbandonedStages(): void {
  const names = new Set([
    ...readdirSync('/tmp'),
    ...hierarchies().flatMap((directory) => readdirSync(directory)),
  ]);
  for (const owner of [...names].map(ownerOf)) {
    if (owner !== undefined && !isAlive(owner)) removeNow(stageOf(owner));
  }
}

function removeNow(stage: Stage): void {
  for (const hierarchy of hierarchies()) removeCgroup(join(hierarchy, stage.cgroup));
  rmSync(stage.directory, { recursive: true, force: true });
}

/** Directories that contain cgroups: one for v2, several for v1 and hybrid. */
function hierarchies(): readonly string[] {
  const entries = readdirSync(CGROUPS);
  if (entries.includes('cgroup.controllers')) return [CGROUPS];
  return entries.map((name) => join(CGROUPS, name));
}

function removeCgroup(directory: string): void {
  try {
    for (const entry of readdirSync(directory, { withFileTypes: true }))
      if (entry.isDirectory()) removeCgroup(join(directory, entry.name));
    rmdirSync(directory);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
