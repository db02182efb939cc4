import { argument, defineCommand } from '../command.ts';
import { CommandFailure } from '../failure.ts';
import { assertImage, fetchManifest, referenceOf } from '../manifests/list.ts';
import { fullName, ManifestStore } from '../manifests/store.ts';

export const command = defineCommand({
  usage: 'MANIFEST_LIST MANIFEST [MANIFEST...]',
  flags: [
    { name: 'amend', short: 'a', type: 'bool', description: 'Amend an existing manifest list' },
    { name: 'insecure', type: 'bool', description: 'Connect to the registry without verified TLS' },
  ],
  args: { min: 2 },
  async run(invocation) {
    const { flags, args, cli } = invocation;
    const list = referenceOf(argument(invocation, 0));
    const store = new ManifestStore(cli.configDirectory);
    if ((await store.read(list)) && !flags.bool('amend'))
      throw new CommandFailure('refusing to amend an existing manifest list with no --amend flag');
    const manifests = [];
    for (const word of args.slice(1)) manifests.push(await fetchManifest(cli, word, flags.bool('insecure')));
    manifests.forEach(assertImage);
    for (const manifest of manifests) await store.put(list, manifest);
    cli.out(`Created manifest list ${fullName(list)}\n`);
    return 0;
  },
});
