import type { Descriptor } from '../../api/oci-image.ts';
import { canonicalName, parseReference } from '../../core/reference.ts';
import { registryAuthHeader } from '../auth/registry-auth.ts';
import { argument, defineCommand } from '../command.ts';
import { imagePath } from '../each.ts';
import { CommandFailure } from '../failure.ts';
import { listOf, noSuchManifest, referenceOf } from '../manifests/list.ts';
import { fullName, ManifestStore } from '../manifests/store.ts';

export const command = defineCommand({
  usage: '[OPTIONS] MANIFEST_LIST',
  flags: [
    { name: 'insecure', type: 'bool', description: 'Connect to the registry without verified TLS' },
    { name: 'purge', short: 'p', type: 'bool', description: 'Remove the local list after the push' },
  ],
  args: { min: 1, max: 1 },
  async run(invocation) {
    const { flags, cli } = invocation;
    const word = argument(invocation, 0);
    const list = referenceOf(word);
    const store = new ManifestStore(cli.configDirectory);
    const manifests = await store.read(list);
    if (!manifests) throw noSuchManifest(word);
    const vague = manifests.find(({ Descriptor: { platform } }) => !platform?.os || !platform.architecture);
    if (vague)
      throw new CommandFailure(
        `manifest ${vague.Ref} must have an OS and Architecture to be pushed to a registry`,
      );
    const document = listOf(manifests);
    const sources = manifests.map(
      ({ Ref, Descriptor }) => `${canonicalName(parseReference(Ref))}@${Descriptor.digest}`,
    );
    const { body } = await cli.engine.request('POST', `/barge/manifests/${imagePath(fullName(list))}`, {
      query: { insecure: flags.bool('insecure') },
      headers: { 'X-Registry-Auth': await registryAuthHeader(cli.configDirectory, word) },
      json: {
        MediaType: document.mediaType,
        Raw: Buffer.from(JSON.stringify(document, null, 3)).toString('base64'),
        Sources: sources,
      },
    });
    const { digest } = await body.json<Descriptor>();
    if (flags.bool('purge')) await store.remove(list);
    cli.out(`${digest}\n`);
    return 0;
  },
});
