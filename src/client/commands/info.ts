import { messageOf } from '../../core/errors.ts';
import { CLIENT_VERSION, type Cli } from '../cli.ts';
import { defineCommand } from '../command.ts';
import { CommandFailure } from '../failure.ts';
import { OBJECT_FORMAT } from '../format/format-flag.ts';
import { infoText, type SystemInfo } from '../system/info-text.ts';
import { compileTemplate } from '../template/evaluator.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  flags: [OBJECT_FORMAT],
  args: { min: 0, max: 0 },
  async run({ flags, cli }) {
    const format = flags.text('format');
    const { info, failure } = await ask(cli);
    const client = { Version: CLIENT_VERSION, Context: cli.contextName, Debug: cli.debug };
    if (format === '') {
      cli.out(
        `Client:\n Version:    ${CLIENT_VERSION}\n Context:    ${client.Context}\n Debug Mode: ${cli.debug}\n\nServer:\n`,
      );
      if (info) cli.out(infoText(info));
    } else {
      const data = {
        ...info,
        ClientInfo: client,
        ...(failure === undefined ? {} : { ServerErrors: [failure] }),
      };
      cli.out(`${format === 'json' ? JSON.stringify(data) : compileTemplate(format)(data)}\n`);
    }
    if (failure !== undefined) throw new CommandFailure(failure);
    for (const warning of info?.Warnings ?? []) cli.err(`${warning}\n`);
    return 0;
  },
});

async function ask(cli: Cli): Promise<{ info?: SystemInfo; failure?: string }> {
  try {
    return { info: await cli.engine.get<SystemInfo>('/info') };
  } catch (error) {
    return { failure: messageOf(error) };
  }
}
