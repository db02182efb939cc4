import type { BuildRecord } from '../../api/build-events.ts';
import { defineCommand } from '../command.ts';
import { LIST_FORMAT, listFormat } from '../format/format-flag.ts';
import { type Fields, type Listing, renderListing } from '../format/listing.ts';
import { seconds } from '../progress/build-steps.ts';

const LISTING: Listing = {
  typeName: '*build.buildContext',
  headings: {
    ID: 'BUILD ID',
    Name: 'NAME',
    Status: 'STATUS',
    CreatedAt: 'CREATED AT',
    Duration: 'DURATION',
    Steps: 'STEPS',
    CachedSteps: 'CACHED',
    ImageID: 'IMAGE ID',
  },
  columns: ['ID', 'Name', 'Status', 'CreatedAt', 'Duration', 'Steps', 'CachedSteps'],
};

export const command = defineCommand({
  usage: '[OPTIONS]',
  flags: [LIST_FORMAT, { name: 'quiet', short: 'q', type: 'bool', description: 'Show only ids' }],
  args: { min: 0, max: 0 },
  async run({ flags, cli }) {
    const builds = await cli.engine.get<BuildRecord[]>('/barge/builds');
    if (flags.bool('quiet')) cli.out(builds.map(({ ID }) => `${ID}\n`).join(''));
    else cli.draw(renderListing(LISTING, listFormat(flags, cli.config, 'buildsFormat'), builds.map(fields)));
    return 0;
  },
});

function fields(build: BuildRecord): Fields {
  const end = build.CompletedAt === undefined ? Date.now() : Date.parse(build.CompletedAt);
  return {
    ID: build.ID,
    Name: build.Name,
    Status: build.Status,
    CreatedAt: build.StartedAt,
    Duration: seconds(Date.parse(build.StartedAt), end),
    Steps: `${build.CompletedSteps}/${build.TotalSteps}`,
    CachedSteps: String(build.CachedSteps),
    ImageID: build.ImageID ?? '',
  };
}
