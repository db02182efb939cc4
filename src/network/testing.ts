import type { NetworkDefinition } from './model.ts';

/** A network's definition, for unit tests: a bridge of 10.9.0.0/24 by default. */
export function networkDefinition(changes: Partial<NetworkDefinition> = {}): NetworkDefinition {
  return {
    id: 'n1'.padEnd(64, '0'),
    name: 'own',
    createdAt: 0,
    driver: 'bridge',
    enableIPv4: true,
    enableIPv6: false,
    internal: false,
    attachable: false,
    configOnly: false,
    configFrom: '',
    labels: {},
    options: { 'com.docker.network.bridge.name': 'br-own' },
    ipamOptions: null,
    ipam: [{ subnet: '10.9.0.0/24', gateway: '10.9.0.1' }],
    chosenSubnets: true,
    ...changes,
  };
}
