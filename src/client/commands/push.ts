import { invalidParameter } from '../../core/errors.ts';
import {
  DEFAULT_TAG,
  familiarName,
  familiarString,
  parseReference,
  withDefaultTag,
} from '../../core/reference.ts';
import { registryAuthHeader } from '../auth/registry-auth.ts';
import { argument, defineCommand } from '../command.ts';
import { platformJson } from '../images/platform.ts';
import { showProgress } from '../progress/show.ts';

export const command = defineCommand({
  usage: '[OPTIONS] NAME[:TAG]',
  flags: [
    { name: 'all-tags', short: 'a', type: 'bool', description: 'Push every tag of the repository' },
    {
      name: 'disable-content-trust',
      type: 'bool',
      default: 'true',
      description: 'Accepted for compatibility; ignored',
    },
    { name: 'platform', type: 'string', description: 'Push only one platform, os/arch[/variant]' },
    { name: 'quiet', short: 'q', type: 'bool', description: 'Print only the name of the image' },
  ],
  args: { min: 1, max: 1 },
  completes: ['image'],
  async run(invocation) {
    const { flags, cli } = invocation;
    const quiet = flags.bool('quiet');
    const allTags = flags.bool('all-tags');
    const image = argument(invocation, 0);
    const parsed = parseReference(image);
    if (parsed.digest) throw invalidParameter('cannot push a digest reference');
    if (allTags && parsed.tag) throw invalidParameter("tag can't be used with --all-tags/-a");
    if (!allTags && !parsed.tag && !quiet) cli.out(`Using default tag: ${DEFAULT_TAG}\n`);
    const reference = allTags ? parsed : withDefaultTag(parsed);
    const platform = flags.text('platform');
    const { body } = await cli.engine.request('POST', `/images/${familiarName(reference)}/push`, {
      query: { tag: reference.tag, platform: platform === '' ? undefined : platformJson(platform) },
      headers: { 'X-Registry-Auth': await registryAuthHeader(cli.configDirectory, image) },
    });
    await showProgress(cli, body, { quiet });
    if (quiet) cli.out(`${familiarString(reference)}\n`);
    return 0;
  },
});
