import type { NameSpec } from '../../container/network-spec.ts';
import type { EngineSettings } from '../settings.ts';

/** Name servers, search domains and options of a container: its own, else those of the daemon's settings. */
export function dnsOptions(
  { defaults }: Pick<EngineSettings, 'defaults'>,
  { dnsServers, dnsSearch, dnsOptions: own }: NameSpec,
): { servers: readonly string[]; search: readonly string[]; options: readonly string[] } {
  const or = (list: readonly string[], otherwise: readonly string[]) => (list.length > 0 ? list : otherwise);
  return {
    servers: or(dnsServers, defaults.dns),
    search: or(dnsSearch, defaults.dnsSearch),
    options: or(own, defaults.dnsOptions),
  };
}
