import { join } from 'node:path';
import { BargeError, messageOf, systemError } from '../../core/errors.ts';
import type { Namespaces, Sysctl } from '../../host/networking.ts';
import { linkLocalOf } from '../ip.ts';
import { addressGeneration, type LinkDriver } from '../links/link.ts';
import type { Endpoint, EndpointRequest } from '../model.ts';

/** iproute2's directory of named network namespaces. */
const NETNS_DIRECTORY = '/run/netns';

export const namespacePath = (name: string) => join(NETNS_DIRECTORY, name);
export const namespaceName = (path: string) => path.slice(NETNS_DIRECTORY.length + 1);

/** An endpoint with the means to create it. */
export interface Attachable {
  readonly endpoint: Endpoint;
  readonly link: LinkDriver;
  readonly request: EndpointRequest;
}

/** The part of the host that sandboxes need. */
export type NamespaceTool = Pick<Namespaces, 'carryOut' | 'forget' | 'names' | 'interfaces' | 'writeSysctls'>;

/** Creates a namespace with all its endpoints. A failure leaves nothing behind. */
export async function makeNamespace(
  tool: NamespaceTool,
  name: string,
  attachables: readonly Attachable[],
): Promise<void> {
  try {
    await attach(tool, name, attachables, [`netns add ${name}`], ['link set lo up']);
  } catch (error) {
    await tool.forget([name]).catch(() => {});
    throw error;
  }
}

/** Adds the endpoints of a namespace without any. The leftovers of a failure are removed with the namespace. */
export async function fillNamespace(
  tool: NamespaceTool,
  name: string,
  attachables: readonly Attachable[],
): Promise<void> {
  await attach(tool, name, attachables, [], []);
}

async function attach(
  tool: NamespaceTool,
  name: string,
  added: readonly Attachable[],
  firstOutside: readonly string[],
  firstInside: readonly string[],
  all: readonly Attachable[] = added,
): Promise<void> {
  const outside = added.flatMap(({ endpoint, link }) => link.attachLines(endpoint, name));
  const inside = [...added.flatMap(insideLines), ...routeLines(all)];
  await tool.carryOut([...firstOutside, ...outside], name, [...firstInside, ...inside]);
  await writeSysctls(tool, name, added);
}

/** Adds an endpoint to a namespace that has others. */
export async function addToNamespace(
  tool: NamespaceTool,
  name: string,
  added: Attachable,
  all: readonly Attachable[],
): Promise<void> {
  try {
    await attach(tool, name, [added], [], [], all);
  } catch (error) {
    await removeLink(tool, name, added.endpoint.interface);
    throw error;
  }
}

/** Removes an endpoint; the default routes of the others are set again. */
export async function removeFromNamespace(
  tool: NamespaceTool,
  name: string,
  removed: Endpoint,
  left: readonly Attachable[],
): Promise<void> {
  await removeLink(tool, name, removed.interface);
  await tool.carryOut([], name, routeLines(left));
}

/** A link that no longer exists, or whose namespace does not, counts as removed. */
async function removeLink(tool: NamespaceTool, name: string, link: string): Promise<void> {
  await tool.carryOut([], name, [`link del ${link}`]).catch(() => {});
}

/** Reconciles a namespace with the list: removes unknown interfaces and adds missing ones. */
export async function reconcileNamespace(
  tool: NamespaceTool,
  name: string,
  all: readonly Attachable[],
): Promise<void> {
  const there = new Set(await tool.interfaces(name));
  const known = new Set(['lo', ...all.map(({ endpoint }) => endpoint.interface)]);
  for (const extra of [...there].filter((one) => !known.has(one))) await removeLink(tool, name, extra);
  for (const attachable of all) {
    if (!there.has(attachable.endpoint.interface)) await addToNamespace(tool, name, attachable, all);
  }
  await tool.carryOut([], name, routeLines(all));
}

function insideLines({ endpoint, link, request }: Attachable): string[] {
  const { interface: dev, ipv4, prefix4, ipv6, prefix6 } = endpoint;
  const linkLocal = (request.linkLocal ?? []).map((address) =>
    address.includes(':')
      ? `addr add ${address}/64 dev ${dev} nodad`
      : `addr add ${address}/16 scope link dev ${dev}`,
  );
  return [
    ...(ipv4 ? [`addr add ${ipv4}/${prefix4} broadcast + dev ${dev}`] : []),
    ...(ipv6 ? [`addr add ${ipv6}/${prefix6} dev ${dev} nodad`] : []),
    ...(ipv6 && link.canChooseMac ? [`addr add ${linkLocalOf(endpoint.mac)}/64 dev ${dev} nodad`] : []),
    ...linkLocal,
    `link set ${dev}${addressGeneration(ipv6 && !link.canChooseMac ? 'eui64' : 'none', link.mtu)} up`,
  ];
}

/** Endpoints in their order of preference for the default route: by priority, then by the network's name. */
function byGatewayOrder<T extends { readonly endpoint: Endpoint }>(all: readonly T[]): T[] {
  return [...all].sort(
    ({ endpoint: a }, { endpoint: b }) => b.priority - a.priority || (a.network < b.network ? -1 : 1),
  );
}

/** The endpoint that has the default route of a family. */
export function gatewayEndpoint(
  all: readonly { readonly endpoint: Endpoint; readonly link: LinkDriver }[],
  family: 4 | 6,
): Endpoint | undefined {
  return byGatewayOrder(all).find(({ endpoint, link }) => routeOf(endpoint, link, family) !== undefined)
    ?.endpoint;
}

function routeOf(endpoint: Endpoint, link: LinkDriver, family: 4 | 6): string | undefined {
  const [address, gateway] =
    family === 4 ? [endpoint.ipv4, endpoint.gateway4] : [endpoint.ipv6, endpoint.gateway6];
  if (!address || !link.routesOut) return undefined;
  if (link.routesByInterface) return `dev ${endpoint.interface}`;
  return gateway ? `via ${gateway} dev ${endpoint.interface}` : undefined;
}

function routeLines(all: readonly Attachable[]): string[] {
  return ([4, 6] as const).flatMap((family) => {
    const ordered = byGatewayOrder(all);
    const route = ordered.map(({ endpoint, link }) => routeOf(endpoint, link, family)).find(Boolean);
    return route ? [`route replace ${family === 4 ? '0.0.0.0/0' : '::/0'} ${route}`] : [];
  });
}

const SYSCTLS = 'com.docker.network.endpoint.sysctls';

/** `net.ipv4.conf.IFNAME.forwarding=1,…` of an endpoint's options; docker's client sends it in lower case. @throws BargeError invalid-parameter. */
async function writeSysctls(
  tool: NamespaceTool,
  name: string,
  attachables: readonly Attachable[],
): Promise<void> {
  const settings = attachables.flatMap(({ endpoint, request }) =>
    parseSysctls(request.driverOpts?.[SYSCTLS] ?? '').map(
      ([key, value]): Sysctl => ({
        path: key.map((part) => (/^ifname$/i.test(part) ? endpoint.interface : part)),
        value,
      }),
    ),
  );
  if (settings.length === 0) return;
  try {
    await tool.writeSysctls(name, settings);
  } catch (error) {
    throw systemError(`setting ${SYSCTLS} failed: ${messageOf(error)}`, { cause: error });
  }
}

/** @throws BargeError invalid-parameter for anything but settings of the endpoint's own interface. */
export function parseSysctls(text: string): [key: string[], value: string][] {
  return text
    .split(',')
    .filter(Boolean)
    .map((entry) => {
      const [, key = '', value = ''] =
        /^(net\.(?:ipv4|ipv6|mpls)\.[\w-]+\.ifname\.\w+)=([\w.:-]+)$/i.exec(entry) ?? [];
      if (!key) {
        throw new BargeError(
          'invalid-parameter',
          `unable to set sysctl "${entry}": want net.X.Y.IFNAME.Z=value, with the word IFNAME for the interface`,
        );
      }
      return [key.split('.'), value];
    });
}
