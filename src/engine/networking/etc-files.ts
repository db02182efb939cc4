import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { AttachedEndpoint, Attachment } from '../../container/life/attachment.ts';
import type { Container, ContainerDefinition } from '../../container/model.ts';
import type { EtcFiles } from '../../container/runner.ts';
import { type ResolverPlace, resolvConf } from '../../network/resolv.ts';
import type { ContainerContext } from '../lifecycle/context.ts';
import { dnsOptions } from './dns-options.ts';
import { changeEtcFile } from './etc-change.ts';
import { linkHosts } from './legacy-links.ts';
import { isIPv6Off, modeOf } from './networking.ts';
import { needsNames } from './resolution.ts';

/** Contents of `/etc/hostname`, `/etc/hosts` and `/etc/resolv.conf` of a container. */
export function etcFiles(
  ctx: ContainerContext,
  { definition }: Container,
  attachment: Attachment | undefined,
): EtcFiles {
  const { config, hostConfig } = definition;
  const mode = modeOf(definition);
  if (mode.startsWith('container:')) return { from: ownerOf(ctx, mode) };
  const onHost = mode === 'host';
  const name = onHost && !config.Hostname ? hostname() : (config.Hostname ?? '');
  const own = (attachment?.endpoints ?? []).flatMap((endpoint) => hostLines(definition, endpoint));
  const without6 = !onHost && isIPv6Off(definition);
  const loopback = without6 ? LOOPBACK_HOSTS_4 : LOOPBACK_HOSTS;
  const head = onHost ? readFileSync('/etc/hosts', 'utf8') : loopback;
  const asked = extraHosts(ctx, hostConfig.ExtraHosts ?? [], attachment);
  const extra = without6 ? asked.replace(/^[^\t\n]*:.*\n/gm, '') : asked;
  const place = onHost ? 'host' : needsNames(attachment?.endpoints ?? []) ? 'embedded' : 'bridge';
  return {
    hostname: `${name}\n`,
    hosts: `${head}${extra}${linkHosts(ctx, definition)}${own.join('')}`,
    resolvConf: resolvConfOf(ctx, definition, place),
  };
}

/** Whose files a container has that shares another one's network, perhaps through others. */
export function ownerOf(ctx: ContainerContext, mode: string): string {
  const seen = new Set<string>();
  for (let next = mode; ; ) {
    const { definition } = ctx.containers.find(next.slice('container:'.length));
    next = modeOf(definition);
    /* Names move from one container to another, so they can lead around in a circle. */
    if (!next.startsWith('container:') || seen.has(definition.id)) return definition.id;
    seen.add(definition.id);
  }
}

function resolvConfOf(
  ctx: ContainerContext,
  { hostConfig }: ContainerDefinition,
  place: ResolverPlace,
): string {
  return resolvConf(dnsOptions(ctx.settings, hostConfig), place);
}

/** A container's own addresses on one network. */
function hostLines(
  { config }: ContainerDefinition,
  { ipv4, ipv6 }: Pick<AttachedEndpoint, 'ipv4' | 'ipv6'>,
): string[] {
  const full = [config.Hostname, config.Domainname].filter(Boolean).join('.');
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

/** `name:address` or `name=address`; `host-gateway` is the host as the container sees it. */
function extraHosts(
  ctx: ContainerContext,
  entries: readonly string[],
  attachment: Attachment | undefined,
): string {
  return entries
    .map((entry) => {
      const at = entry.search(/[:=]/);
      const [name, address] = [entry.slice(0, at), entry.slice(at + 1).replace(/^\[(.*)\]$/, '$1')];
      const real = address === 'host-gateway' ? hostGateways(ctx, attachment) : [address];
      return real.map((one) => `${one}\t${name}\n`).join('');
    })
    .join('');
}

function hostGateways(ctx: ContainerContext, attachment: Attachment | undefined): readonly string[] {
  const { hostGatewayIps } = ctx.settings.defaults;
  if (hostGatewayIps.length > 0) return hostGatewayIps;
  if (ctx.networks.hasDefault) return ctx.networks.live('bridge').gatewayAddresses;
  return [attachment?.endpoints.find(({ gateway4 }) => gateway4)?.gateway4 ?? '127.0.0.1'];
}

/**
 * Brings the files of a running container up to date after it joined or left a network. What the container
 * changed in them itself stays: lines come and go, and the files are mounted, so they are written in place.
 */
export async function updateEtcFiles(
  ctx: ContainerContext,
  definition: ContainerDefinition,
  change: {
    readonly joined?: AttachedEndpoint;
    readonly left?: AttachedEndpoint;
    readonly namesOpened: boolean;
  },
): Promise<void> {
  const drop = [change.left?.ipv4, change.left?.ipv6].filter((address) => address !== undefined);
  const add = change.joined ? hostLines(definition, change.joined).join('') : '';
  await changeEtcFile(ctx, definition.id, 'hosts', { drop: drop.filter(Boolean), add });
  if (!change.namesOpened) return;
  const only = { only: true, add: resolvConfOf(ctx, definition, 'embedded') };
  await changeEtcFile(ctx, definition.id, 'resolvConf', only);
}
