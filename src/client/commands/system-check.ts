import { defineCommand } from '../command.ts';

interface Report {
  readonly Checked: { readonly Containers: number; readonly Images: number; readonly Layers: number };
  readonly Problems: readonly {
    readonly Kind: string;
    readonly Object: string;
    readonly Detail: string;
    readonly Repaired: boolean;
  }[];
}

export const command = defineCommand({
  usage: '[OPTIONS]',
  flags: [
    {
      name: 'deep',
      type: 'bool',
      description: 'Read and hash everything instead of only checking that it exists',
    },
    { name: 'repair', type: 'bool', description: 'Repair what can be repaired' },
  ],
  args: { min: 0, max: 0 },
  async run({ flags, cli }) {
    const query = { deep: flags.bool('deep'), repair: flags.bool('repair') };
    const { Checked, Problems } = await cli.engine.post<Report>('/barge/check', { query });
    for (const { Kind, Object: object, Detail, Repaired } of Problems)
      cli.out(`${Kind} ${object}: ${Detail}${Repaired ? ' (repaired)' : ''}\n`);
    const { Containers, Images, Layers } = Checked;
    const left = Problems.filter(({ Repaired }) => !Repaired).length;
    cli.out(
      `${Images} images, ${Layers} layers and ${Containers} containers checked: ${Problems.length} problems, ${Problems.length - left} repaired\n`,
    );
    return left === 0 ? 0 : 1;
  },
});
