import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { OciDevice, OciDeviceRule, OciHook, OciHooks, OciMount } from '../../api/oci-runtime.ts';
import { errnoOf, messageOf, systemError } from '../../core/errors.ts';
import type { RequestedDevice } from '../resource-spec.ts';
import { majorOf, minorOf } from './devices.ts';

/** What devices of the Container Device Interface (CDI specification 1.0) add to a container. */
export interface DeviceEdits {
  readonly env: readonly string[];
  readonly devices: readonly OciDevice[];
  readonly rules: readonly OciDeviceRule[];
  readonly mounts: readonly OciMount[];
  readonly hooks: OciHooks;
  readonly additionalGids: readonly number[];
}

export const NO_EDITS: DeviceEdits = {
  env: [],
  devices: [],
  rules: [],
  mounts: [],
  hooks: {},
  additionalGids: [],
};

interface CdiEdits {
  readonly env?: readonly string[];
  readonly deviceNodes?: readonly CdiNode[];
  readonly mounts?: readonly {
    readonly hostPath: string;
    readonly containerPath: string;
    readonly type?: string;
    readonly options?: readonly string[];
  }[];
  readonly hooks?: readonly {
    readonly hookName: keyof OciHooks;
    readonly path: string;
    readonly args?: readonly string[];
    readonly env?: readonly string[];
    readonly timeout?: number;
  }[];
  readonly additionalGids?: readonly number[];
}

interface CdiNode {
  readonly path: string;
  readonly hostPath?: string;
  readonly type?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly fileMode?: number;
  readonly permissions?: string;
  readonly uid?: number;
  readonly gid?: number;
}

interface CdiSpec {
  readonly cdiVersion: string;
  /** `vendor/class`. */
  readonly kind: string;
  readonly containerEdits?: CdiEdits;
  readonly devices?: readonly { readonly name: string; readonly containerEdits?: CdiEdits }[];
}

/**
 * Resolves `--device vendor/class=name` and `--gpus`.
 * @param directories with specifications; a later directory wins over an earlier one.
 * @throws BargeError system, in docker's words, for what no specification describes.
 */
export async function deviceEdits(
  requests: readonly RequestedDevice[],
  directories: readonly string[],
): Promise<DeviceEdits> {
  const specs = await readSpecs(directories);
  const names = requests.flatMap((request) => namesOf(request, specs));
  const unknown = names.filter((name) => !find(specs, name));
  if (unknown.length > 0) {
    throw systemError(
      `CDI device injection failed: unresolvable CDI devices ${unknown.join(', ')}: looked in ${directories.join(', ')}`,
    );
  }
  const seen = new Set<CdiSpec>();
  return names
    .flatMap((name) => {
      const { spec, device } = find(specs, name) as Found;
      const common = seen.has(spec) ? [] : [spec.containerEdits ?? {}];
      seen.add(spec);
      return [...common, device.containerEdits ?? {}];
    })
    .map(resolveEdits)
    .reduce(joinEdits, NO_EDITS);
}

/** Devices by their qualified names, `vendor/class=name`. */
export const cdiRequest = (ids: readonly string[]): RequestedDevice => ({
  driver: 'cdi',
  count: 0,
  ids,
  capabilities: [],
});

const GPU_KIND = 'nvidia.com/gpu';

function namesOf(request: RequestedDevice, specs: readonly CdiSpec[]): string[] {
  const { driver, count, ids, capabilities } = request;
  if (driver === 'cdi') return [...ids];
  const wantsGpu = capabilities.some((set) => set.includes('gpu'));
  const there = specs.filter(({ kind }) => kind === GPU_KIND).flatMap((spec) => spec.devices ?? []);
  if (!['', 'nvidia'].includes(driver) || !wantsGpu || there.length === 0) {
    const sets = capabilities.map((set) => `[${set.join(' ')}]`).join(' ');
    throw systemError(
      `could not select device driver "${driver}" with capabilities: [${sets}]: no CDI specification of ${GPU_KIND} is on this host`,
    );
  }
  if (ids.length > 0) return ids.map((id) => `${GPU_KIND}=${id}`);
  const single = there.map(({ name }) => name).filter((name) => name !== 'all');
  if (count < 0 && there.some(({ name }) => name === 'all')) return [`${GPU_KIND}=all`];
  if (count > single.length)
    throw systemError(`${count} GPUs were asked for, this host has ${single.length}`);
  return (count < 0 ? single : single.slice(0, count)).map((name) => `${GPU_KIND}=${name}`);
}

interface Found {
  readonly spec: CdiSpec;
  readonly device: NonNullable<CdiSpec['devices']>[number];
}

function find(specs: readonly CdiSpec[], qualified: string): Found | undefined {
  const at = qualified.indexOf('=');
  const [kind, name] = [qualified.slice(0, at), qualified.slice(at + 1)];
  for (const spec of specs.filter((candidate) => candidate.kind === kind).reverse()) {
    const device = spec.devices?.find((candidate) => candidate.name === name);
    if (device) return { spec, device };
  }
  return undefined;
}

async function readSpecs(directories: readonly string[]): Promise<CdiSpec[]> {
  const specs: CdiSpec[] = [];
  for (const directory of directories) {
    for (const name of namesIn(directory)) {
      if (/\.(json|yaml|yml)$/.test(name)) specs.push(await readSpec(join(directory, name)));
    }
  }
  return specs;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function readSpec(path: string): Promise<CdiSpec> {
  const text = readFileSync(path, 'utf8');
  let parsed: unknown;
  try {
    parsed = path.endsWith('.json') ? JSON.parse(text) : (await import('yaml')).parse(text);
  } catch (error) {
    throw systemError(`the CDI specification ${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  const spec = parsed as CdiSpec | null;
  if (typeof spec?.kind !== 'string' || !/^[\w.-]+\/[\w.-]+$/.test(spec.kind)) {
    throw systemError(`the CDI specification ${path} has no valid "kind" (vendor/class)`);
  }
  return spec;
}

function resolveEdits(edits: CdiEdits): DeviceEdits {
  const nodes = (edits.deviceNodes ?? []).map(resolveNode);
  const hooks: Hooks = {};
  for (const { hookName, ...hook } of edits.hooks ?? []) hooks[hookName] = [...(hooks[hookName] ?? []), hook];
  return {
    env: edits.env ?? [],
    devices: nodes.map(({ device }) => device),
    rules: nodes.map(({ rule }) => rule),
    mounts: (edits.mounts ?? []).map(({ hostPath, containerPath, type, options }) => ({
      destination: containerPath,
      source: hostPath,
      type: type ?? 'bind',
      options: options ?? ['rbind', 'ro'],
    })),
    hooks,
    additionalGids: (edits.additionalGids ?? []).filter((gid) => gid > 0),
  };
}

type Hooks = { -readonly [name in keyof OciHooks]: readonly OciHook[] };

const S_IFMT = 0o170000;
const S_IFBLK = 0o060000;

function resolveNode(node: CdiNode): { device: OciDevice; rule: OciDeviceRule } {
  const { path, fileMode, uid, gid, permissions: access = 'rwm' } = node;
  let { type, major, minor } = node;
  if (!type || major === undefined || minor === undefined) {
    const stats = hostNode(node.hostPath ?? path);
    type ??= (stats.mode & S_IFMT) === S_IFBLK ? 'b' : 'c';
    major ??= majorOf(stats.rdev);
    minor ??= minorOf(stats.rdev);
  }
  return {
    device: {
      path,
      type: type as OciDevice['type'],
      major,
      minor,
      ...(fileMode === undefined ? {} : { fileMode }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    },
    rule: { allow: true, type, major, minor, access },
  };
}

function hostNode(path: string): { mode: number; rdev: number } {
  try {
    return statSync(path);
  } catch (error) {
    throw systemError(`CDI device injection failed: there is no device ${path} on this host`, {
      cause: error,
    });
  }
}

function joinEdits(a: DeviceEdits, b: DeviceEdits): DeviceEdits {
  const hooks: Hooks = { ...a.hooks };
  for (const [name, list] of Object.entries(b.hooks) as [keyof OciHooks, readonly OciHook[]][]) {
    hooks[name] = [...(hooks[name] ?? []), ...list];
  }
  return {
    env: [...a.env, ...b.env],
    devices: [...a.devices, ...b.devices],
    rules: [...a.rules, ...b.rules],
    mounts: [...a.mounts, ...b.mounts],
    hooks,
    additionalGids: [...new Set([...a.additionalGids, ...b.additionalGids])],
  };
}
