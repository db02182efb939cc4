import type {
  EndpointSettings,
  IpamConfig,
  NetworkConnectRequest,
  NetworkCreateRequest,
  NetworkDisconnectRequest,
  NetworkingConfig,
} from '../../api/engine/networks.ts';
import { flag, integer, list, map, object, text, zeroed } from './schema.ts';

const ENDPOINT = object<EndpointSettings>('EndpointSettings', {
  IPAMConfig: object<NonNullable<EndpointSettings['IPAMConfig']>>('EndpointIPAMConfig', {
    IPv4Address: text(),
    IPv6Address: text(),
    LinkLocalIPs: list(text()),
  }),
  Links: list(text()),
  MacAddress: text(),
  Aliases: list(text()),
  DriverOpts: map(text()),
  GwPriority: integer('int'),
  NetworkID: text(),
  EndpointID: text(),
  Gateway: text(),
  IPAddress: text(),
  IPPrefixLen: integer('int'),
  IPv6Gateway: text(),
  GlobalIPv6Address: text(),
  GlobalIPv6PrefixLen: integer('int'),
  DNSNames: list(text()),
});

export const NETWORKING_CONFIG = object<NetworkingConfig>('NetworkingConfig', {
  EndpointsConfig: map(ENDPOINT),
});

const IPAM_CONFIG = object<IpamConfig>('IPAMConfig', {
  Subnet: text(),
  IPRange: text(),
  Gateway: text(),
  AuxiliaryAddresses: map(text()),
});

/** `POST /networks/create`. */
export const NETWORK_CREATE = object<NetworkCreateRequest>('CreateRequest', {
  Name: text(),
  CheckDuplicate: flag(),
  Driver: text(),
  Scope: text(),
  Internal: flag(),
  Attachable: flag(),
  Ingress: flag(),
  ConfigOnly: flag(),
  ConfigFrom: object('ConfigReference', { Network: text() }),
  IPAM: object('IPAM', { Driver: text(), Options: map(text()), Config: list(IPAM_CONFIG) }),
  EnableIPv4: flag(),
  EnableIPv6: flag(),
  Options: map(text()),
  Labels: map(text()),
});

/** `POST /networks/{id}/connect`. */
export const NETWORK_CONNECT = object<NetworkConnectRequest>('ConnectRequest', {
  Container: zeroed(text()),
  EndpointConfig: ENDPOINT,
});

/** `POST /networks/{id}/disconnect`. */
export const NETWORK_DISCONNECT = object<NetworkDisconnectRequest>('DisconnectRequest', {
  Container: zeroed(text()),
  Force: flag(),
});
