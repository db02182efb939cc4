import { attachmentOf, isRunning } from '../../container/life/state.ts';
import type { Container, ContainerDefinition } from '../../container/model.ts';
import type { Link } from '../../container/network-spec.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import type { ContainerStore } from '../../container/store.ts';
import { invalidParameter } from '../../core/errors.ts';
import { shortId } from '../../core/ids.ts';
import { changeEtcFile, type EtcChangeContext } from './etc-change.ts';
import { isOnDefaultBridge } from './networking.ts';

interface FindContext {
  readonly containers: Pick<ContainerStore, 'find'>;
}

export interface RenameLinksContext {
  readonly containers: Pick<ContainerStore, 'list' | 'setDefinition'>;
}

interface RefreshContext extends EtcChangeContext {
  readonly containers: Pick<ContainerStore, 'find' | 'list'>;
}

/** `--link` between containers of the default bridge, which has no name server: lines of /etc/hosts and variables. */

interface Linked {
  readonly alias: string;
  readonly container: Container;
  readonly address: string;
}

/** @throws BargeError invalid-parameter for a link to a container that does not run. */
function linkedContainers(ctx: FindContext, definition: ContainerDefinition): Linked[] {
  const { names, network } = definition.spec;
  if (names.links.length === 0 || !Object.hasOwn(network.endpoints, 'bridge')) return [];
  return names.links.map(({ target, alias }) => {
    const container = ctx.containers.find(target);
    const address = addressOf(container);
    if (!isRunning(container.state) || !address) {
      throw invalidParameter(
        `Cannot link to a non running container: /${container.definition.name} AS /${definition.name}/${alias}`,
      );
    }
    return { alias, container, address };
  });
}

const addressOf = ({ state }: Container) =>
  attachmentOf(state)?.endpoints.find(({ network }) => network === 'bridge')?.ipv4;

const hostLine = ({ alias, container: { definition }, address }: Linked) =>
  `${address}\t${[...new Set([alias, shortId(definition.id), definition.name])].join(' ')}\n`;

/** Lines of /etc/hosts. */
export function linkHosts(ctx: FindContext, definition: ContainerDefinition): string {
  return linkedContainers(ctx, definition).map(hostLine).join('');
}

/** The definition as it is started: with the variables that tell of linked containers. */
export function withLinkVariables(ctx: FindContext, definition: ContainerDefinition): ContainerDefinition {
  const linked = linkedContainers(ctx, definition);
  if (linked.length === 0) return definition;
  const { spec } = definition;
  const variables = linked.flatMap((link) => variablesOf(link, definition.name));
  const env = [...variables, ...spec.process.env];
  return { ...definition, spec: { ...spec, process: { ...spec.process, env } } };
}

/** `DB_NAME`, `DB_PORT`, `DB_PORT_5432_TCP_ADDR`, `DB_ENV_USER`, … */
function variablesOf({ alias, container: { definition }, address }: Linked, owner: string): string[] {
  const prefix = alias.toUpperCase().replaceAll('-', '_');
  const ports = definition.spec.ports.exposed
    .map((port) => port.split('/'))
    .map(([number = '', protocol = 'tcp']) => ({ number, protocol }))
    .sort((a, b) => Number(a.number) - Number(b.number));
  const [first] = ports;
  const url = ({ number, protocol }: (typeof ports)[number]) => `${protocol}://${address}:${number}`;
  return [
    ...(first ? [`${prefix}_PORT=${url(first)}`] : []),
    ...ports.flatMap((port) => {
      const name = `${prefix}_PORT_${port.number}_${port.protocol.toUpperCase()}`;
      return [
        `${name}=${url(port)}`,
        `${name}_ADDR=${address}`,
        `${name}_PORT=${port.number}`,
        `${name}_PROTO=${port.protocol}`,
      ];
    }),
    `${prefix}_NAME=/${owner}/${alias}`,
    ...definition.spec.process.env
      .filter((entry) => !/^(PATH|HOME)=/.test(entry))
      .map((entry) => `${prefix}_ENV_${entry}`),
  ];
}

/** Further names of containers, by id: `/web/db` for one that `web` knows as `db`. */
export function namesByLinks(ctx: {
  readonly containers: Pick<ContainerStore, 'list' | 'idOf'>;
}): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const owner of ctx.containers.list()) {
    for (const { target, alias } of owner.definition.spec.names.links) {
      const id = ctx.containers.idOf(target);
      if (id) names.set(id, [...(names.get(id) ?? []), `/${owner.definition.name}/${alias}`]);
    }
  }
  return names;
}

/** Links name their target: those to a renamed container are written anew. */
export function renameLinks(ctx: RenameLinksContext, before: string, after: string): void {
  for (const { definition } of ctx.containers.list()) {
    const { links } = definition.spec.names;
    if (!links.some(({ target }) => target === before)) continue;
    const renamed = links.map((link) => (link.target === before ? { ...link, target: after } : link));
    ctx.containers.setDefinition(definition.id, { spec: withLinks(definition.spec, renamed) });
  }
}

/** The spec with these links. */
export const withLinks = (spec: ContainerSpec, links: readonly Link[]): ContainerSpec => ({
  ...spec,
  names: { ...spec.names, links },
});

/** A container that was started again may have another address: those that link to it are told. */
export async function refreshLinks(ctx: RefreshContext, started: Container): Promise<void> {
  if (!isOnDefaultBridge(started)) return;
  for (const other of ctx.containers.list()) {
    const { definition, state } = other;
    if (definition.spec.names.links.length === 0 || !isRunning(state)) continue;
    const mine = linkedOrNone(ctx, definition).filter(
      ({ container }) => container.definition.id === started.definition.id,
    );
    if (mine.length > 0) await rewrite(ctx, definition.id, mine);
  }
}

function linkedOrNone(ctx: FindContext, definition: ContainerDefinition): Linked[] {
  try {
    return linkedContainers(ctx, definition);
  } catch {
    return []; /* another of its links does not run just now */
  }
}

async function rewrite(ctx: EtcChangeContext, id: string, links: readonly Linked[]): Promise<void> {
  const lines = links.map(hostLine);
  const drop = lines.map((line) => line.trim().split('\t')[1] ?? '');
  await changeEtcFile(ctx, id, 'hosts', { drop, add: lines.join('') });
}
