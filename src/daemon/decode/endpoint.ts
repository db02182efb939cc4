import type { EndpointSettings } from '../../api/engine/networks.ts';
import { endpointSpec } from '../../container/default-spec.ts';
import { parseLink } from '../../container/links.ts';
import type { EndpointSpec } from '../../container/network-spec.ts';
import { ownTerms } from '../encode/endpoint.ts';
import { asGiven } from './as-given.ts';

/** What a container asks of a network. Null and absence ask for nothing. */
export function endpointOf(settings: EndpointSettings | null | undefined): EndpointSpec {
  if (!settings) return endpointSpec();
  const { IPAMConfig: ipam, DNSNames, ...given } = settings;
  const endpoint = endpointSpec({
    networkId: given.NetworkID ?? '',
    ipv4: ipam?.IPv4Address ?? '',
    ipv6: ipam?.IPv6Address ?? '',
    linkLocal: ipam?.LinkLocalIPs ?? [],
    mac: given.MacAddress ?? '',
    aliases: given.Aliases ?? [],
    links: (given.Links ?? []).map(parseLink),
    driverOptions: given.DriverOpts ?? {},
    priority: given.GwPriority ?? 0,
  });
  const shown = { ...given, ...(ipam === undefined ? {} : { IPAMConfig: ipam }) };
  return endpointSpec({ ...endpoint, asGiven: asGiven<EndpointSettings>(shown, ownTerms(endpoint)) });
}
