import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { AttachedEndpoint, Attachment } from '../../container/life/attachment.ts';
import type { Container, ContainerDefinition } from '../../container/model.ts';
import type { NameSpec } from '../../container/network-spec.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import type { EtcFiles } from '../../container/start-files.ts';
import type { ContainerStore } from '../../container/store.ts';
import { type ResolverPlace, resolvConf } from '../../network/resolv.ts';
import type { EngineSettings } from '../settings.ts';
import { dnsOptions } from './dns-options.ts';
import { changeEtcFile, type EtcChangeContext } from './etc-change.ts';
import { linkHosts } from './legacy-links.ts';
import { isIPv6Off } from './networking.ts';
import { needsNames } from './resolution.ts';

/** What the files say that the container's own definition does not: other containers, gateways and name servers. */
export interface EtcFilesContext {
  readonly containers: Pick<ContainerStore, 'find'>;
  readonly networks: {
    readonly hasDefault: boolean;
    live(network: string): { readonly gatewayAddresses: readonly string[] };
  };
  readonly settings: Pick<EngineSettings, 'defaults'>;
}

type GatewayContext = Pick<EtcFilesContext, 'networks' | 'settings'>;

/** Contents of `/etc/hostname`, `/etc/hosts` and `/etc/resolv.conf` of a container. */
export function etcFiles(
  ctx: EtcFilesContext,
  { definition }: Container,
  attachment: Attachment | undefined,
): EtcFiles {
  const { spec } = definition;
  const { mode } = spec.network;
  if (mode.kind === 'container') return { from: ownerOf(ctx, mode.container) };
  const onHost = mode.kind === 'host';
  const name = onHost ? spec.hostname || hostname() : spec.hostname;
  const own = (attachment?.endpoints ?? []).flatMap((endpoint) => hostLines(spec, endpoint));
  const without6 = !onHost && isIPv6Off(spec);
  const loopback = without6 ? LOOPBACK_HOSTS_4 : LOOPBACK_HOSTS;
  const head = onHost ? readFileSync('/etc/hosts', 'utf8') : loopback;
  const asked = extraHosts(ctx, spec.names.hosts, attachment);
  const extra = without6 ? asked.replace(/^[^\t\n]*:.*\n/gm, '') : asked;
  const place = onHost ? 'host' : needsNames(attachment?.endpoints ?? []) ? 'embedded' : 'bridge';
  return {
    hostname: `${name}\n`,
    hosts: `${head}${extra}${linkHosts(ctx, definition)}${own.join('')}`,
    resolvConf: resolvConfOf(ctx, spec.names, place),
  };
}

/** Whose files a container has that shares the network of another, `ref`, perhaps through others. */
export function ownerOf(ctx: Pick<EtcFilesContext, 'containers'>, ref: string): string {
  const seen = new Set<string>();
  for (let next = ref; ; ) {
    const { id, spec } = ctx.containers.find(next).definition;
    const { mode } = spec.network;
    /* Names move from one container to another, so they can lead around in a circle. */
    if (mode.kind !== 'container' || seen.has(id)) return id;
    next = mode.container;
    seen.add(id);
  }
}

function resolvConfOf(ctx: Pick<EtcFilesContext, 'settings'>, names: NameSpec, place: ResolverPlace): string {
  return resolvConf(dnsOptions(ctx.settings, names), place);
}

/** A container's own addresses on one network. */
function hostLines(
  { hostname: own, domainname }: ContainerSpec,
  { ipv4, ipv6 }: Pick<AttachedEndpoint, 'ipv4' | 'ipv6'>,
): string[] {
  const full = [own, domainname].filter(Boolean).join('.');
  const names = full.includes('.') ? `${full} ${full.split('.', 1)[0]}` : full;
  return [ipv4, ipv6].filter(Boolean).map((address) => `${address}\t${names}\n`);
}

const LOOPBACK_HOSTS_4 = '127.0.0.1\tlocalhost\n';
const LOOPBACK_HOSTS = `${LOOPBACK_HOSTS_4}${[
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
  '',
].join('\n')}`;

function extraHosts(
  ctx: GatewayContext,
  entries: NameSpec['hosts'],
  attachment: Attachment | undefined,
): string {
  return entries
    .map(({ name, address }) => {
      const real = address === 'host-gateway' ? hostGateways(ctx, attachment) : [address];
      return real.map((one) => `${one}\t${name}\n`).join('');
    })
    .join('');
}

function hostGateways(ctx: GatewayContext, attachment: Attachment | undefined): readonly string[] {
  const { hostGatewayIps } = ctx.settings.defaults;
  if (hostGatewayIps.length > 0) return hostGatewayIps;
  if (ctx.networks.hasDefault) return ctx.networks.live('bridge').gatewayAddresses;
  return [attachment?.endpoints.find(({ gateway4 }) => gateway4)?.gateway4 ?? '127.0.0.1'];
}

/**
 * Brings the files of a running container up to date after it joined or left networks. What the container
 * changed in them itself stays: lines come and go, and the files are mounted, so they are written in place.
 */
export async function updateEtcFiles(
  ctx: EtcChangeContext & Pick<EtcFilesContext, 'settings'>,
  definition: ContainerDefinition,
  change: {
    readonly joined?: readonly AttachedEndpoint[];
    readonly left?: readonly AttachedEndpoint[];
    readonly namesOpened: boolean;
  },
): Promise<void> {
  const { joined = [], left = [], namesOpened } = change;
  const drop = left.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]).filter(Boolean);
  const add = joined.flatMap((endpoint) => hostLines(definition.spec, endpoint)).join('');
  await changeEtcFile(ctx, definition.id, 'hosts', { drop, add });
  if (!namesOpened) return;
  const only = { only: true, add: resolvConfOf(ctx, definition.spec.names, 'embedded') };
  await changeEtcFile(ctx, definition.id, 'resolvConf', only);
}
