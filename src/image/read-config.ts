import { isUtf8 } from 'node:buffer';
import type { ImageConfig } from '../api/oci-image.ts';
import { parseJson } from '../core/bounded-json.ts';
import { isDigest } from '../core/digest.ts';
import { invalidParameter } from '../core/errors.ts';
import { isObject } from '../core/is-object.ts';

/** Maximum layers of an image, as many as fit into a mount's options. */
const MAX_LAYERS = 127;

type Shape = (value: unknown) => boolean;

const text: Shape = (value) => typeof value === 'string';
const count: Shape = (value) => Number.isInteger(value);
const flag: Shape = (value) => typeof value === 'boolean';
const time: Shape = (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value));
const listOf =
  (shape: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.every(shape);
const mapOf =
  (shape: Shape): Shape =>
  (value) =>
    isObject(value) && Object.values(value).every(shape);
/** The elements of a set that Go writes as a map. */
const nothing: Shape = (value) => value === null || (isObject(value) && Object.keys(value).length === 0);

type Members = Readonly<Record<string, Shape>>;

const RUN: Members = {
  User: text,
  ExposedPorts: mapOf(nothing),
  Env: listOf(text),
  Entrypoint: listOf(text),
  Cmd: listOf(text),
  Volumes: mapOf(nothing),
  WorkingDir: text,
  Labels: mapOf(text),
  StopSignal: text,
  ArgsEscaped: flag,
  OnBuild: listOf(text),
  Shell: listOf(text),
};

const HEALTH: Members = {
  Test: listOf(text),
  Interval: count,
  Timeout: count,
  StartPeriod: count,
  StartInterval: count,
  Retries: count,
};

const HISTORY: Members = {
  created: time,
  author: text,
  created_by: text,
  comment: text,
  empty_layer: flag,
};

const TOP: Members = {
  created: time,
  author: text,
  architecture: text,
  os: text,
  variant: text,
  'os.version': text,
};

/**
 * An image's configuration (OCI image spec, config.md), with the type of every used member checked; null
 * counts as absent, as in all JSON from Go. Other members are not checked.
 * @throws BargeError invalid-parameter.
 */
export function readConfig(bytes: Uint8Array): ImageConfig {
  const config = parse(bytes);
  check(config, TOP, '');
  const { config: run, history, rootfs } = config;
  if (isGiven(run)) check(run, RUN, 'config.');
  if (isGiven(run) && isGiven(run.Healthcheck)) check(run.Healthcheck, HEALTH, 'config.Healthcheck.');
  if (isGiven(history)) {
    if (!Array.isArray(history)) throw wrong('history');
    for (const [i, entry] of history.entries()) check(entry, HISTORY, `history[${i}].`);
  }
  return { ...config, rootfs: { type: 'layers', diff_ids: diffIdsOf(rootfs) } } as unknown as ImageConfig;
}

function parse(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  /* Stored as text: other bytes would result in a different image. */
  if (!isUtf8(bytes)) throw invalidParameter('an image configuration is not UTF-8');
  let config: unknown;
  try {
    config = parseJson(bytes);
  } catch (error) {
    throw invalidParameter('an image configuration is not JSON', { cause: error });
  }
  if (!isObject(config)) throw invalidParameter('an image configuration is not a JSON object');
  return config;
}

const isGiven = (value: unknown): value is Readonly<Record<string, unknown>> =>
  value !== undefined && value !== null;

function check(value: unknown, members: Members, prefix: string): void {
  if (!isObject(value)) throw wrong(prefix.replace(/\.$/, ''));
  for (const [name, shape] of Object.entries(members)) {
    if (isGiven(value[name]) && !shape(value[name])) throw wrong(prefix + name);
  }
}

const wrong = (name: string) =>
  invalidParameter(`an image configuration is broken: "${name}" has the wrong type`);

function diffIdsOf(rootfs: unknown): unknown[] {
  /* Go writes an empty list as null: an image without layers is one, too. */
  const diffIds = isObject(rootfs) && rootfs.diff_ids === null ? [] : isObject(rootfs) && rootfs.diff_ids;
  if (!Array.isArray(diffIds) || !diffIds.every((id) => typeof id === 'string' && isDigest(id))) {
    throw invalidParameter('an image configuration has no valid rootfs.diff_ids');
  }
  if (diffIds.length > MAX_LAYERS) {
    throw invalidParameter(
      `max depth exceeded: an image of ${diffIds.length} layers cannot be mounted, at most ${MAX_LAYERS} can: build it with fewer steps, or squash it`,
    );
  }
  return diffIds;
}
