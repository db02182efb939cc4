import { argument, defineCommand } from '../command.ts';
import { fetchManifest, listOf, noSuchManifest, referenceOf } from '../manifests/list.ts';
import { fullName, type KeptManifest, ManifestStore } from '../manifests/store.ts';

export const command = defineCommand({
  usage: '[OPTIONS] [MANIFEST_LIST] MANIFEST',
  flags: [
    { name: 'insecure', type: 'bool', description: 'Connect to the registry without verified TLS' },
    {
      name: 'verbose',
      short: 'v',
      type: 'bool',
      description: 'Also show the name and platform of each manifest',
    },
  ],
  args: { min: 1, max: 2 },
  async run(invocation) {
    const { flags, args, cli } = invocation;
    const store = new ManifestStore(cli.configDirectory);
    const list = await store.read(referenceOf(argument(invocation, 0)));
    const insecure = flags.bool('insecure');
    const show = (value: unknown) => cli.out(`${JSON.stringify(value, null, '\t')}\n`);
    if (args.length === 2) {
      const name = fullName(referenceOf(argument(invocation, 1)));
      const kept = list?.find(({ Ref }) => Ref === name);
      if (!kept) throw noSuchManifest(argument(invocation, 1));
      show(flags.bool('verbose') ? verbose(kept) : documentOf(kept));
    } else if (list) show(flags.bool('verbose') ? list.map(verbose) : listOf(list));
    else {
      const manifest = await fetchManifest(cli, argument(invocation, 0), insecure);
      show(flags.bool('verbose') ? verbose(manifest) : documentOf(manifest));
    }
    return 0;
  },
});

const documentOf = ({ Raw }: KeptManifest): unknown => JSON.parse(Buffer.from(Raw, 'base64').toString());

function verbose(manifest: KeptManifest) {
  return { ...manifest, Document: documentOf(manifest) };
}
