import { invalidParameter } from '../../core/errors.ts';
import { argument, defineCommand } from '../command.ts';
import { DESCRIPTION_FLAG, ENDPOINT_FLAG, readEndpointFlag } from '../targets/options.ts';
import { checkContextName, contextExists, DEFAULT_CONTEXT } from '../targets/store.ts';
import { viewContext } from '../targets/view.ts';
import { contextMeta, writeContext } from '../targets/write.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTEXT',
  flags: [
    DESCRIPTION_FLAG,
    ENDPOINT_FLAG,
    { name: 'from', type: 'string', description: 'Context to copy', completes: 'context' },
  ],
  args: { min: 1, max: 1 },
  async run(invocation) {
    const { flags, cli } = invocation;
    const name = argument(invocation, 0);
    checkContextName(name);
    if (contextExists(cli.configDirectory, name)) throw invalidParameter(`context "${name}" already exists`);
    if (flags.has('from') && flags.has('docker')) {
      throw invalidParameter('cannot use --docker flag when --from is set');
    }
    const choice = readEndpointFlag(flags);
    const from = flags.text('from') || choice.from || DEFAULT_CONTEXT;
    const copied = choice.endpoint.Host === undefined;
    const { endpoint, tls } = copied ? viewContext(cli, from) : choice;
    await writeContext(cli.configDirectory, contextMeta(name, endpoint, flags.text('description')), tls);
    cli.out(`${name}\n`);
    cli.err(`Successfully created context "${name}"\n`);
    return 0;
  },
});
