import { isDeepStrictEqual } from 'node:util';
import { shownExitCode } from '../../container/life/shown.ts';
import { attachmentOf, healthOf } from '../../container/life/state.ts';
import type { Container } from '../../container/model.ts';
import type { ContainerStore } from '../../container/store.ts';
import type { Digest } from '../../core/digest.ts';
import { invalidParameter, isKind } from '../../core/errors.ts';
import type { Image, ImageStore } from '../../image/images.ts';
import { assertKnownFilters, booleanFilter, type Filters, labelMatches, patternTest } from '../filters.ts';

/** Where the containers and images are that values of filters name. */
export interface FilterContext {
  readonly containers: Pick<ContainerStore, 'find'>;
  readonly images: Pick<ImageStore, 'find' | 'get'>;
}

/** Whether a container passes one filter, all of whose values are known. */
type ContainerTest = (container: Container) => boolean;

type MakeTest = (values: readonly string[], ctx: FilterContext) => ContainerTest;

const STATES = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];
const HEALTH = ['none', 'starting', 'healthy', 'unhealthy'];

const anyOf =
  (test: (container: Container, value: string) => boolean): MakeTest =>
  (values) =>
  (container) =>
    values.some((value) => test(container, value));

const FILTERS: Record<string, MakeTest> = {
  id: (values) => {
    const tests = values.map(patternTest);
    return ({ definition: { id } }) => tests.some((test) => test(id));
  },
  name: (values) => {
    const tests = values.map(patternTest);
    return ({ definition: { name } }) => tests.some((test) => test(`/${name}`) || test(name));
  },
  label:
    (values) =>
    ({ definition }) =>
      values.every((value) => labelMatches(definition.spec.labels, value)),
  annotation:
    (values) =>
    ({ definition }) =>
      values.every((value) => labelMatches(definition.spec.annotations, value)),
  status: (values) => {
    assertOneOf('state', values, STATES);
    return ({ state }) => values.includes(state.status);
  },
  health: (values) => {
    assertOneOf('health', values, HEALTH);
    return ({ state }) => values.includes(healthOf(state)?.Status ?? 'none');
  },
  exited: (values) => {
    const wrong = values.find((value) => !/^-?\d+$/.test(value));
    if (wrong !== undefined) throw invalidParameter(`invalid filter 'exited=${wrong}': want an exit code`);
    const codes = values.map(Number);
    return ({ state }) => {
      const code = shownExitCode(state);
      return code !== undefined && codes.includes(code);
    };
  },
  ancestor: ancestor,
  before: (values, ctx) => {
    const times = values.map((value) => ctx.containers.find(value).definition.createdAt);
    return ({ definition }) => times.some((time) => definition.createdAt < time);
  },
  since: (values, ctx) => {
    const times = values.map((value) => ctx.containers.find(value).definition.createdAt);
    return ({ definition }) => times.some((time) => definition.createdAt > time);
  },
  volume: anyOf(({ definition }, value) =>
    definition.mounts.some(
      ({ Name, Source, Destination }) => Name === value || Source === value || Destination === value,
    ),
  ),
  network: anyOf(({ definition }, value) =>
    Object.entries(definition.spec.network.endpoints).some(
      ([name, { networkId }]) => name === value || Boolean(networkId && value && networkId.startsWith(value)),
    ),
  ),
  publish: (values) => {
    const wanted = values.flatMap((value) => portsOf('publish', value));
    return (container) => hasPort(publishedPorts(container), wanted);
  },
  expose: (values) => {
    const wanted = values.flatMap((value) => portsOf('expose', value));
    return ({ definition: { spec } }) =>
      hasPort([...spec.ports.exposed, ...Object.keys(spec.ports.published)], wanted);
  },
  /* Only Windows has kinds of isolation to choose from. */
  isolation: () => () => true,
  'is-task': (values) => {
    const wanted = booleanFilter('is-task', values);
    return () => !wanted;
  },
};

/**
 * Tests for all filters of a list.
 * @throws BargeError invalid-parameter for unknown filters and values, not-found for `before` and `since`.
 */
export function containerTests(ctx: FilterContext, filters: Filters): ContainerTest[] {
  assertKnownFilters(filters, Object.keys(FILTERS));
  return [...filters].flatMap(([name, values]) => {
    const make = FILTERS[name];
    return make && values.length > 0 ? [make(values, ctx)] : [];
  });
}

function assertOneOf(ref: string, values: readonly string[], allowed: readonly string[]): void {
  const wrong = values.find((value) => !allowed.includes(value));
  if (wrong !== undefined) {
    throw invalidParameter(`invalid value for ${ref} (${wrong}): must be one of ${allowed.join(', ')}`);
  }
}

/** Containers of these images, or of images that were built on them. */
function ancestor(values: readonly string[], ctx: FilterContext): ContainerTest {
  const images = values.flatMap((value) => imageOf(ctx, value));
  const known = new Map<string, boolean>();
  const isWanted = (id: Digest | '') => {
    const own = id && ctx.images.get(id);
    return own ? images.some((image) => image.id === id || descends(own, image)) : false;
  };
  return ({ definition: { imageId } }) => {
    const found = known.get(imageId) ?? isWanted(imageId);
    known.set(imageId, found);
    return found;
  };
}

/** Layers alone do not decide it: images that only set variables share those of their base, and of each other. */
function descends({ config: child }: Image, { config: parent }: Image): boolean {
  const layers = [child.rootfs.diff_ids, parent.rootfs.diff_ids] as const;
  const history = [child.history ?? [], parent.history ?? []] as const;
  const more = layers[0].length > layers[1].length || history[0].length > history[1].length;
  return layers[1].length > 0 && more && beginsWith(...layers) && beginsWith(...history);
}

const beginsWith = (list: readonly unknown[], start: readonly unknown[]) =>
  isDeepStrictEqual(list.slice(0, start.length), start);

/** None when there is no such image: then nothing descends from it. */
function imageOf(ctx: Pick<FilterContext, 'images'>, ref: string): Image[] {
  try {
    return [ctx.images.find(ref)];
  } catch (error) {
    if (isKind(error, 'not-found') || isKind(error, 'invalid-parameter')) return [];
    throw error;
  }
}

/** Ports of the host by which a running container can be reached. */
function publishedPorts({ state }: Container): string[] {
  return Object.entries(attachmentOf(state)?.ports ?? {}).flatMap(([inside, bindings]) => {
    const protocol = inside.split('/')[1] ?? 'tcp';
    return (bindings ?? []).map(({ HostPort: port }) => `${port}/${protocol}`);
  });
}

/** `80`, `80/udp`, `8000-8010/tcp` as the keys of port maps. */
function portsOf(filter: string, text: string): string[] {
  if (text.includes(':')) throw invalidParameter(`filter for '${filter}' should not contain ':': ${text}`);
  const [, first, last, protocol = 'tcp'] = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last ?? first)];
  if (!(from >= 0 && to >= from && to <= 0xffff)) throw invalidParameter(`invalid port in filter: ${text}`);
  return Array.from({ length: to - from + 1 }, (_, i) => `${from + i}/${protocol}`);
}

function hasPort(ports: readonly string[], wanted: readonly string[]): boolean {
  return ports.some((port) => wanted.includes(port.includes('/') ? port : `${port}/tcp`));
}
