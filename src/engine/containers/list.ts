import type { Container } from '../../container/model.ts';
import { invalidParameter } from '../../core/errors.ts';
import type { ContainerSummary } from '../../spec/engine.ts';
import { type Filters, labelMatches } from '../filters.ts';
import type { ContainerContext } from './context.ts';
import { summarize } from './inspect.ts';
import { networksOf } from './network-settings.ts';

export interface ListQuery {
  readonly all: boolean;
  /** The last N made, whatever their state; 0: no limit. */
  readonly limit: number;
  readonly filters: Filters;
}

type Test = (container: Container, value: string, ctx: ContainerContext) => boolean;

const TESTS: Record<string, Test> = {
  id: ({ definition }, value) => definition.id.startsWith(value),
  name: ({ definition }, value) => nameMatches(definition.name, value),
  status: ({ state }, value) => state.status === value,
  label: ({ definition }, value) => labelMatches(definition.config.Labels ?? {}, value),
  exited: ({ state }, value) => state.status === 'exited' && state.exitCode === Number(value),
  ancestor: ({ definition }, value, ctx) => {
    if (definition.imageName === value || definition.imageName === `${value}:latest`) return true;
    try {
      return ctx.images.find(value).id === definition.imageId;
    } catch {
      return false;
    }
  },
  before: ({ definition }, value, ctx) =>
    definition.createdAt < ctx.containers.find(value).definition.createdAt,
  since: ({ definition }, value, ctx) =>
    definition.createdAt > ctx.containers.find(value).definition.createdAt,
  volume: ({ definition }, value) =>
    definition.mounts.some((m) => m.Name === value || m.Destination === value),
  network: (container, value) => Object.keys(networksOf(container)).includes(value),
  publish: (container, value) => hasPort(container.state.attachment?.ports ?? {}, value, true),
  expose: (container, value) => hasPort(container.definition.config.ExposedPorts ?? {}, value, false),
  health: ({ state }, value) => (state.health?.Status ?? 'none') === value,
  'is-task': (_, value) => value === 'false',
};

/** @param pattern a regular expression, with or without the slash that names begin with. */
function nameMatches(name: string, pattern: string): boolean {
  try {
    const expression = new RegExp(pattern);
    return expression.test(`/${name}`) || expression.test(name);
  } catch (error) {
    throw invalidParameter(`invalid filter 'name=${pattern}': it is not a regular expression`, {
      cause: error,
    });
  }
}

function hasPort(ports: Readonly<Record<string, unknown>>, wanted: string, published: boolean): boolean {
  const [port, protocol = 'tcp'] = wanted.split('/');
  return Object.entries(ports).some(
    ([name, bindings]) =>
      name === `${port}/${protocol}` && (!published || (Array.isArray(bindings) && bindings.length > 0)),
  );
}

/** Containers that pass every filter; values of one filter are alternatives, but for labels. */
export function listContainers(ctx: ContainerContext, query: ListQuery): ContainerSummary[] {
  for (const name of query.filters.keys()) {
    if (!TESTS[name]) throw invalidParameter(`invalid filter '${name}'`);
  }
  const anyState = query.all || query.limit > 0 || query.filters.has('status') || query.filters.has('exited');
  const found = ctx.containers
    .list()
    .filter(({ state }) => anyState || ['running', 'paused', 'restarting'].includes(state.status))
    .filter((container) => passes(ctx, container, query.filters))
    .sort((a, b) => b.definition.createdAt - a.definition.createdAt);
  return (query.limit > 0 ? found.slice(0, query.limit) : found).map(summarize);
}

function passes(ctx: ContainerContext, container: Container, filters: Filters): boolean {
  return [...filters].every(([name, values]) => {
    const test = TESTS[name];
    if (!test) return true;
    const check = (value: string) => test(container, value, ctx);
    return name === 'label' ? values.every(check) : values.some(check);
  });
}
