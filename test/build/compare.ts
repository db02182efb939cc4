/**
 * Builds the test cases with docker's classic builder, with its BuildKit and with buildah, as far as they are
 * installed, and lists results that differ from the cases. Not part of the gate: run as root, `./tools/node
 * test/build/compare.ts [words of a case's name]`.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../../src/core/errors.ts';
import { TestDaemon } from '../harness/daemon.ts';
import type { BuildCase, ContextFile } from './case.ts';
import { CONFIG_CASES } from './cases/config.ts';
import { COPY_CASES } from './cases/copy.ts';
import { RUN_CASES } from './cases/run.ts';
import { STAGE_CASES } from './cases/stages.ts';
import { VARIABLE_CASES } from './cases/variables.ts';
import { type Peer, peersHere } from './peers.ts';
import { compareTree, filesIn } from './run-case.ts';

const words = process.argv.slice(2);
const cases = [...COPY_CASES, ...RUN_CASES, ...CONFIG_CASES, ...VARIABLE_CASES, ...STAGE_CASES].filter(
  ({ name }) => words.every((word) => name.includes(word)),
);

/** Whether the failure means that the builder is older than the feature of the case. */
const TOO_OLD =
  /requires? BuildKit|buildkit|unknown flag|unknown instruction|not supported|Unknown (flag|type)|unexpected key|checksum|exclude|parents|unsupported modifier/i;

function layOut(directory: string, files: Readonly<Record<string, ContextFile>>): void {
  for (const [name, file] of Object.entries(files)) {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    if (typeof file === 'string') writeFileSync(path, file);
    else if ('link' in file) symlinkSync(file.link, path);
    else if ('directory' in file) mkdirSync(path, { recursive: true });
    else writeFileSync(path, file.content);
    const mode = typeof file === 'string' || 'link' in file ? undefined : file.mode;
    if (mode !== undefined) chmodSync(path, mode);
  }
}

/** Buildah adds a label to its images. */
function withoutMark(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('io.buildah.version' in value)) return value;
  const { 'io.buildah.version': _, ...rest } = value;
  return rest;
}

/** @returns the difference; undefined when there is none. */
async function difference(peer: Peer, given: BuildCase, directory: string): Promise<string | undefined> {
  const built = await peer.build(given, directory);
  if ('failure' in built) {
    if (given.fails) return undefined;
    const last = built.failure.trim().split('\n').slice(-3).join(' | ');
    return TOO_OLD.test(built.failure) ? `cannot: ${last.slice(0, 160)}` : `fails: ${last.slice(0, 300)}`;
  }
  try {
    if (given.fails) return `builds what has to fail with ${given.fails}`;
    for (const [key, wanted] of Object.entries(given.config ?? {})) {
      const found = withoutMark((await peer.config(built.id))[key]);
      const empty = (value: unknown) => value ?? undefined;
      if (!isDeepStrictEqual(empty(found), empty(wanted)))
        return `${key}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`;
    }
    if (given.tree) compareTree(await filesIn(await peer.files(built.id)), given.tree);
    return undefined;
  } catch (error) {
    return messageOf(error)
      .replaceAll(/\s*\n\s*/g, ' ')
      .slice(0, 400);
  } finally {
    await peer.drop(built.id);
  }
}

const daemon = await TestDaemon.start();
const directory = daemon.path('compare');
/** Dockerd bind-mounts its data root on itself, which our harness would report as a leftover. */
const own = mkdtempSync('/tmp/compare-');
try {
  await daemon.makeBusybox();
  const base = daemon.path('busybox.tar');
  await daemon.ok('barge', ['save', '-o', base, 'busybox']);
  const peers = await peersHere(own, base, process.env.PEER ?? '');
  for (const peer of peers) {
    const counts = { same: 0, cannot: 0, otherwise: 0 };
    for (const given of cases) {
      mkdirSync(directory, { recursive: true });
      layOut(directory, { Dockerfile: given.dockerfile, ...given.files });
      const found = await difference(peer, given, directory);
      rmSync(directory, { recursive: true });
      const kind = found === undefined ? 'same' : found.startsWith('cannot') ? 'cannot' : 'otherwise';
      counts[kind]++;
      if (found !== undefined) console.log(`${peer.name}: ${given.name}\n    ${found}`);
    }
    console.log(`${peer.name}: ${JSON.stringify(counts)}\n`);
    await peer.end();
  }
  if (peers.length === 0) console.log('neither docker nor buildah is installed here: nothing to compare');
} finally {
  await daemon.end();
  rmSync(own, { recursive: true, force: true });
}
