import type { EndpointSettings } from '../../api/engine/networks.ts';
import { argument, defineCommand } from '../command.ts';
import { checkLink } from '../create/checks.ts';
import { pathSegment } from '../each.ts';
import { type FlagValues, splitPair } from '../flags.ts';

export const command = defineCommand({
  usage: '[OPTIONS] NETWORK CONTAINER',
  flags: [
    { name: 'alias', type: 'strings', description: 'Additional name in the network' },
    { name: 'driver-opt', type: 'strings', description: 'Option of the driver, key=value' },
    {
      name: 'gw-priority',
      type: 'int',
      description: 'Priority of the network for the default route; the highest wins',
    },
    { name: 'ip', type: 'string', description: 'IPv4 address of the container' },
    { name: 'ip6', type: 'string', description: 'IPv6 address of the container' },
    { name: 'link', type: 'list', description: 'Link to another container, name[:alias]', check: checkLink },
    { name: 'link-local-ip', type: 'strings', description: 'Link-local address of the container' },
  ],
  args: { min: 2, max: 2 },
  completes: ['network', 'container'],
  async run(invocation) {
    const path = `/networks/${pathSegment(argument(invocation, 0))}/connect`;
    const json = { Container: argument(invocation, 1), EndpointConfig: endpoint(invocation.flags) };
    await invocation.cli.engine.call('POST', path, { json });
    return 0;
  },
});

function endpoint(flags: FlagValues): EndpointSettings {
  const options = flags.list('driver-opt').map(splitPair);
  const local = flags.list('link-local-ip');
  const ipam = {
    ...(flags.has('ip') ? { IPv4Address: flags.text('ip') } : {}),
    ...(flags.has('ip6') ? { IPv6Address: flags.text('ip6') } : {}),
    ...(local.length > 0 ? { LinkLocalIPs: local } : {}),
  };
  return {
    ...(Object.keys(ipam).length > 0 ? { IPAMConfig: ipam } : {}),
    ...(flags.has('alias') ? { Aliases: flags.list('alias') } : {}),
    ...(flags.has('link') ? { Links: flags.list('link') } : {}),
    ...(options.length > 0 ? { DriverOpts: Object.fromEntries(options) } : {}),
    ...(flags.has('gw-priority') ? { GwPriority: flags.number('gw-priority') } : {}),
  };
}
