import { argument, defineCommand } from '../command.ts';
import { checkLabel } from '../create/key-values.ts';
import type { FlagValues } from '../flags.ts';
import { readIpam } from '../networks/ipam.ts';

export const command = defineCommand({
  usage: '[OPTIONS] NETWORK',
  flags: [
    { name: 'attachable', type: 'bool', description: 'Allow manual attachment to a swarm network' },
    { name: 'aux-address', type: 'map', description: 'Reserved address, name=ip' },
    { name: 'config-from', type: 'string', description: 'Network to copy the configuration of' },
    { name: 'config-only', type: 'bool', description: 'Create only a configuration' },
    {
      name: 'driver',
      short: 'd',
      type: 'string',
      default: 'bridge',
      description: 'Driver of the network',
      completes: ['bridge', 'host', 'ipvlan', 'macvlan', 'null'],
    },
    { name: 'gateway', type: 'strings', description: 'Gateway of the subnet' },
    { name: 'ingress', type: 'bool', description: "Create swarm's routing-mesh network" },
    { name: 'internal', type: 'bool', description: 'Restrict external access to the network' },
    { name: 'ip-range', type: 'strings', description: 'Range of the subnet to allocate addresses from' },
    {
      name: 'ipam-driver',
      type: 'string',
      default: 'default',
      description: 'Driver that allocates addresses',
    },
    { name: 'ipam-opt', type: 'map', description: 'Option of the IPAM driver, key=value' },
    { name: 'ipv4', type: 'bool', default: 'true', description: 'Give IPv4 addresses' },
    { name: 'ipv6', type: 'bool', description: 'Give IPv6 addresses' },
    { name: 'label', type: 'list', description: 'Set a label, key=value', check: checkLabel },
    { name: 'opt', short: 'o', type: 'map', description: 'Option of the driver, key=value' },
    { name: 'scope', type: 'string', description: 'Scope of the network' },
    { name: 'subnet', type: 'strings', description: 'Subnet in CIDR form' },
  ],
  args: { min: 1, max: 1 },
  async run(invocation) {
    const { flags, cli } = invocation;
    const json = request(argument(invocation, 0), flags);
    const { Id, Warning } = await cli.engine.post<{ Id: string; Warning?: string }>('/networks/create', {
      json,
    });
    if (Warning) cli.err(`WARNING: ${Warning}\n`);
    cli.out(`${Id}\n`);
    return 0;
  },
});

function request(name: string, flags: FlagValues): Record<string, unknown> {
  const from = flags.text('config-from');
  return {
    Name: name,
    Driver: flags.text('driver'),
    Scope: flags.text('scope'),
    Internal: flags.bool('internal'),
    Attachable: flags.bool('attachable'),
    Ingress: flags.bool('ingress'),
    ConfigOnly: flags.bool('config-only'),
    ...(from === '' ? {} : { ConfigFrom: { Network: from } }),
    ...(flags.has('ipv4') ? { EnableIPv4: flags.bool('ipv4') } : {}),
    ...(flags.has('ipv6') ? { EnableIPv6: flags.bool('ipv6') } : {}),
    IPAM: readIpam(flags),
    Options: flags.map('opt'),
    Labels: flags.map('label'),
  };
}
