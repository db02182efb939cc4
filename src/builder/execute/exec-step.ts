import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import type { Digest } from '../../core/digest.ts';
import { invalidParameter } from '../../core/errors.ts';
import { failsElsewhere } from '../../core/streams.ts';
import type { ExecOperation, PlannedMount } from '../plan/graph.ts';
import { splitVariable } from '../plan/scope.ts';
import type { BuildMount, Layers, OutputStream } from '../worker.ts';
import { Ingredients } from './ingredients.ts';
import type { StepIo } from './io.ts';

/** A planned mount with the layers that contain its files. */
export interface MountFiles {
  readonly mount: PlannedMount;
  readonly layers?: Layers;
}

/** @param args names of build arguments, which explanations distinguish from other variables. */
export function execIngredients(
  operation: ExecOperation,
  base: Layers,
  mounts: readonly MountFiles[],
  args: readonly string[],
  io: StepIo,
): Ingredients {
  const ingredients = new Ingredients()
    .plain('kind', 'exec')
    .base(base)
    .hashed('command', [operation.args, operation.scripts])
    .plain('cwd', operation.cwd)
    .plain('user', operation.user)
    .plain('architecture', operation.architecture)
    .plain('network', operation.network)
    .plain('security', operation.security)
    .plain('devices', JSON.stringify(operation.devices))
    .plain('hosts', JSON.stringify(io.request.extraHosts ?? []));
  for (const [name, value] of operation.env.map(splitVariable)) {
    ingredients.hashed(`${args.includes(name) ? 'arg' : 'env'}:${name}`, value);
  }
  for (const { mount, layers } of mounts) {
    ingredients.hashed(`mount:${mount.target ?? mount.type}`, [mount, layers ?? null].map(withoutOrigin));
  }
  return ingredients;
}

/** The layers identify the files of a mount, so the operation is left out. */
function withoutOrigin(value: PlannedMount | Layers | null): unknown {
  return value && 'from' in value ? { ...value, from: undefined } : value;
}

interface ExecOutcome {
  readonly exitCode: number;
  readonly layer?: Digest;
}

export async function runProcess(
  operation: ExecOperation,
  base: Layers,
  mounts: readonly MountFiles[],
  io: StepIo,
  output: (stream: OutputStream, chunk: Uint8Array) => void,
): Promise<ExecOutcome> {
  const { request } = io;
  const all = mounts.map((mount) => buildMount(mount, io)).filter((mount) => mount !== undefined);
  if (operation.scripts.length > 0) all.push(await scriptMount(operation, io));
  return await io.worker.exec({
    layers: base,
    architecture: operation.architecture,
    args: operation.args,
    env: [...operation.transientEnv, ...operation.env],
    cwd: operation.cwd,
    user: operation.user,
    network: operation.network,
    security: operation.security,
    devices: operation.devices,
    mounts: all,
    ...(request.extraHosts ? { extraHosts: request.extraHosts } : {}),
    ...(request.shmSize === undefined ? {} : { shmSize: request.shmSize }),
    ...(request.resources ? { resources: request.resources } : {}),
    signal: io.signal,
    output,
  });
}

/** Undefined for an optional secret that was not provided. */
function buildMount({ mount, layers }: MountFiles, io: StepIo): BuildMount | undefined {
  switch (mount.type) {
    case 'bind':
      return { ...mount, from: layers ?? [] };
    case 'cache': {
      const { from: _from, ...rest } = mount;
      return layers ? { ...rest, from: layers } : rest;
    }
    case 'secret': {
      const { required, ...rest } = mount;
      const value = io.request.secrets?.get(mount.id);
      if (value) return { ...rest, value };
      if (required) throw invalidParameter(`secret ${mount.id}: not found`);
      return undefined;
    }
    case 'ssh': {
      const agent = io.request.agents?.get(mount.id);
      return agent ? { ...mount, agent } : mount;
    }
    default:
      return mount;
  }
}

/** Scripts of heredocs, in a directory that the process sees but that is not part of the layer. */
async function scriptMount(operation: ExecOperation, io: StepIo): Promise<BuildMount> {
  const tar = failsElsewhere(pack());
  for (const script of operation.scripts) {
    const header = { name: posix.basename(script.path), mode: 0o755, mtime: new Date(0) };
    failsElsewhere(tar.entry(header, script.content));
  }
  tar.finalize();
  const layer = await io.worker.apply([], [{ open: () => failsElsewhere(Readable.from(tar)) }], io.signal);
  const target = posix.dirname(operation.scripts[0]?.path ?? '/dev/pipes/script');
  return { type: 'bind', target, from: layer ? [layer] : [], source: '/', readOnly: true };
}
