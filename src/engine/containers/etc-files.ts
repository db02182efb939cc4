import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Container } from '../../container/model.ts';
import type { Endpoint } from '../../network/bridge.ts';
import { resolvConf } from '../../network/resolv.ts';
import type { ContainerContext } from './context.ts';

/** Contents of `/etc/hostname`, `/etc/hosts` and `/etc/resolv.conf` of a container. */
export function etcFiles(ctx: ContainerContext, { definition }: Container, endpoint: Endpoint | undefined) {
  const { config, hostConfig } = definition;
  const mode = hostConfig.NetworkMode ?? 'bridge';
  if (mode.startsWith('container:')) {
    const folders = ctx.runner.folders(ctx.containers.find(mode.slice('container:'.length)).definition.id);
    const read = (path: string) => readFileSync(path, 'utf8');
    return {
      hostname: read(folders.hostname),
      hosts: read(folders.hosts),
      resolvConf: read(folders.resolvConf),
    };
  }
  const onHost = mode === 'host';
  const name = onHost && !config.Hostname ? hostname() : (config.Hostname ?? '');
  const full = config.Domainname ? `${name}.${config.Domainname} ${name}` : name;
  const own = endpoint ? `${endpoint.settings.IPAddress}\t${full}\n` : '';
  return {
    hostname: `${name}\n`,
    hosts: `${onHost ? readFileSync('/etc/hosts', 'utf8') : LOOPBACK_HOSTS}${extraHosts(ctx, hostConfig.ExtraHosts ?? [])}${own}`,
    resolvConf: resolvConf(
      {
        servers: hostConfig.Dns ?? [],
        search: hostConfig.DnsSearch ?? [],
        options: hostConfig.DnsOptions ?? [],
      },
      onHost,
    ),
  };
}

const LOOPBACK_HOSTS = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
  '',
].join('\n');

/** `name:address` or `name=address`; `host-gateway` is the host as the bridge's containers see it. */
function extraHosts(ctx: ContainerContext, entries: readonly string[]): string {
  return entries
    .map((entry) => {
      const at = entry.search(/[:=]/);
      const [name, address] = [entry.slice(0, at), entry.slice(at + 1)];
      const real = address === 'host-gateway' ? (ctx.bridge?.gatewayAddress ?? '127.0.0.1') : address;
      return `${real}\t${name}\n`;
    })
    .join('');
}
