import { messageOf } from '../../core/errors.ts';
import { defineCommand } from '../command.ts';
import { noSuchManifest, referenceOf } from '../manifests/list.ts';
import { ManifestStore } from '../manifests/store.ts';

export const command = defineCommand({
  usage: 'MANIFEST_LIST [MANIFEST_LIST...]',
  flags: [],
  args: { min: 1 },
  async run({ args, cli }) {
    const store = new ManifestStore(cli.configDirectory);
    let code = 0;
    for (const word of args) {
      const list = referenceOf(word);
      if (await store.read(list)) await store.remove(list);
      else {
        cli.err(`${messageOf(noSuchManifest(word))}\n`);
        code = 1;
      }
    }
    return code;
  },
});
