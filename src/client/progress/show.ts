import type { ProgressMessage } from '../../api/engine/system.ts';
import type { Cli } from '../cli.ts';
import type { Body } from '../transport/body.ts';
import { jsonLines } from '../transport/json-lines.ts';
import { renderProgress } from './render.ts';

interface ShowOptions {
  /** Show only failures. */
  readonly quiet?: boolean;
  readonly onAux?: (aux: unknown) => void;
}

/** Renders a progress stream on standard output. @throws CommandFailure at its first error. */
export function showProgress(cli: Cli, body: Body, options: ShowOptions = {}): Promise<void> {
  const { stdout } = process;
  return renderProgress(jsonLines<ProgressMessage>(body), {
    write: (text) => {
      if (!options.quiet) cli.draw(text);
    },
    terminal: stdout.isTTY === true && !options.quiet,
    ...(stdout.columns ? { columns: stdout.columns } : {}),
    ...(options.onAux ? { onAux: options.onAux } : {}),
  });
}
