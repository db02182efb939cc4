import type { HostConfig } from '../../api/engine/containers.ts';
import type { EngineSettings } from '../settings.ts';

/** Name servers, search domains and options of a container: its own, else those of the daemon's settings. */
export function dnsOptions(
  { defaults }: Pick<EngineSettings, 'defaults'>,
  { Dns, DnsSearch, DnsOptions }: HostConfig,
): { servers: readonly string[]; search: readonly string[]; options: readonly string[] } {
  const own = (list: readonly string[] | null | undefined, otherwise: readonly string[]) =>
    list?.length ? list : otherwise;
  return {
    servers: own(Dns, defaults.dns),
    search: own(DnsSearch, defaults.dnsSearch),
    options: own(DnsOptions, defaults.dnsOptions),
  };
}
