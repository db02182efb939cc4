import type { Platform } from '../../api/oci-image.ts';
import { argument, defineCommand } from '../command.ts';
import { CommandFailure } from '../failure.ts';
import type { FlagValues } from '../flags.ts';
import { noSuchManifest, referenceOf } from '../manifests/list.ts';
import { fullName, ManifestStore } from '../manifests/store.ts';

export const command = defineCommand({
  usage: '[OPTIONS] MANIFEST_LIST MANIFEST',
  flags: [
    { name: 'arch', type: 'string', description: 'Set the architecture' },
    { name: 'os', type: 'string', description: 'Set the operating system' },
    { name: 'os-features', type: 'strings', description: 'Set features of the operating system' },
    { name: 'os-version', type: 'string', description: 'Set the version of the operating system' },
    { name: 'variant', type: 'string', description: 'Set the variant of the architecture' },
  ],
  args: { min: 2, max: 2 },
  async run(invocation) {
    const { flags, cli } = invocation;
    const list = referenceOf(argument(invocation, 0));
    const name = fullName(referenceOf(argument(invocation, 1)));
    const store = new ManifestStore(cli.configDirectory);
    const manifests = await store.read(list);
    if (!manifests) throw noSuchManifest(argument(invocation, 0));
    const manifest = manifests.find(({ Ref }) => Ref === name);
    if (!manifest) throw new CommandFailure(`manifest for image ${name} does not exist in ${fullName(list)}`);
    const platform = annotated(manifest.Descriptor.platform, flags);
    await store.put(list, { ...manifest, Descriptor: { ...manifest.Descriptor, platform } });
    return 0;
  },
});

function annotated(known: Platform | undefined, flags: FlagValues): Platform {
  const text = (name: string) => flags.text(name) || undefined;
  const [variant, version] = [text('variant'), text('os-version')];
  return {
    ...known,
    os: text('os') ?? known?.os ?? '',
    architecture: text('arch') ?? known?.architecture ?? '',
    ...(variant ? { variant } : {}),
    ...(version ? { 'os.version': version } : {}),
    ...(flags.has('os-features') ? { 'os.features': flags.list('os-features') } : {}),
  };
}
