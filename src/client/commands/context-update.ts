import { argument, defineCommand } from '../command.ts';
import { DESCRIPTION_FLAG, ENDPOINT_FLAG, readEndpointFlag } from '../targets/options.ts';
import { checkContextName, readContext } from '../targets/store.ts';
import { viewContext } from '../targets/view.ts';
import { contextMeta, writeContext } from '../targets/write.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTEXT',
  flags: [DESCRIPTION_FLAG, ENDPOINT_FLAG],
  args: { min: 1, max: 1 },
  completes: ['context'],
  async run(invocation) {
    const { flags, cli } = invocation;
    const name = argument(invocation, 0);
    checkContextName(name);
    const { meta } = readContext(cli.configDirectory, name);
    const Metadata = flags.has('description')
      ? { ...meta.Metadata, Description: flags.text('description') }
      : meta.Metadata;
    if (flags.has('docker')) {
      const choice = readEndpointFlag(flags);
      const { endpoint, tls } = choice.from === undefined ? choice : viewContext(cli, choice.from);
      const { Endpoints } = contextMeta(name, endpoint, '');
      const changed = { ...meta, Metadata, Endpoints: { ...meta.Endpoints, ...Endpoints } };
      await writeContext(cli.configDirectory, changed, tls);
    } else await writeContext(cli.configDirectory, { ...meta, Metadata });
    cli.out(`${name}\n`);
    cli.err(`Successfully updated context "${name}"\n`);
    return 0;
  },
});
