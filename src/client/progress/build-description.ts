import type { BuildDescription, BuildMessage } from '../../api/build-events.ts';
import { renderTable } from '../format/table.ts';
import type { BuildView } from './build-view.ts';

/** Shows the results of `--call=outline` and `--call=targets` as tables or JSON. */
export class DescriptionView implements BuildView {
  readonly #write: (text: string) => void;
  readonly #json: boolean;
  #description: BuildDescription | undefined;

  constructor(write: (text: string) => void, json: boolean) {
    this.#write = write;
    this.#json = json;
  }

  show(message: BuildMessage): void {
    if (message.kind === 'described') this.#description = message.description;
  }

  end(): void {
    const description = this.#description;
    if (!description) return;
    if (this.#json) {
      const { call: _, ...content } = description;
      this.#write(`${JSON.stringify(content, undefined, 2)}\n`);
    } else this.#write(description.call === 'targets' ? targetsText(description) : outlineText(description));
  }
}

function targetsText({ targets }: Extract<BuildDescription, { call: 'targets' }>): string {
  const rows = targets.map((target) => {
    const name = target.name || '(unnamed)';
    return [target.default ? `${name} (default)` : name, target.description ?? ''];
  });
  return renderTable([['TARGET', 'DESCRIPTION'], ...rows]);
}

function outlineText(outline: Extract<BuildDescription, { call: 'outline' }>): string {
  const { name, description, args, secrets, ssh, cache } = outline;
  const head = [
    ...(name === '' ? [] : [['TARGET:', name]]),
    ...(description === undefined ? [] : [['DESCRIPTION:', description]]),
  ];
  const needed = (heading: string, all: typeof secrets) =>
    table(
      [heading, 'REQUIRED'],
      all.map((one) => [one.name, one.required ? 'true' : '']),
    );
  const parts = [
    renderTable(head),
    table(
      ['BUILD ARG', 'VALUE', 'DESCRIPTION'],
      args.map((arg) => [arg.name, arg.value ?? '', arg.description ?? '']),
    ),
    needed('SECRET', secrets),
    needed('SSH', ssh),
    table(
      ['CACHE MOUNT'],
      cache.map(({ id }) => [id]),
    ),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

const table = (heading: string[], rows: string[][]) =>
  rows.length === 0 ? '' : renderTable([heading, ...rows]);
