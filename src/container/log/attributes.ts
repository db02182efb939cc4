import { hostname } from 'node:os';
import { invalidParameter } from '../../core/errors.ts';
import { shortId } from '../../core/ids.ts';
import { Regex } from '../../core/patterns/regex.ts';
import type { ContainerDefinition } from '../model.ts';

/** What may stand in a tag: `{{.Name}}` and the like. */
const FIELDS: Readonly<Record<string, (definition: ContainerDefinition) => string>> = {
  ID: ({ id }) => shortId(id),
  FullID: ({ id }) => id,
  Name: ({ name }) => name,
  ImageID: ({ imageId }) => shortId(imageId.replace('sha256:', '')),
  ImageFullID: ({ imageId }) => imageId,
  ImageName: ({ imageName }) => imageName,
  DaemonName: () => 'docker',
  Hostname: () => hostname(),
};

/** A template with each `{{…}}` replaced by what `fill` makes of its word. */
function fillPlaceholders(template: string, fill: (word: string) => string): string {
  let result = '';
  let done = 0;
  for (let open = template.indexOf('{{'); open !== -1; open = template.indexOf('{{', done)) {
    const close = template.indexOf('}}', open + 2);
    if (close === -1) break;
    const word = template
      .slice(open + 2, close)
      .replace(/^-/, '')
      .replace(/-$/, '');
    result += template.slice(done, open) + fill(word.trim());
    done = close + 2;
  }
  return result + template.slice(done);
}

/** @throws BargeError invalid-parameter for a template that names what there is not. */
export function checkTag(template: string): void {
  const rest = fillPlaceholders(template, (word) => {
    if (!word.startsWith('.') || !FIELDS[word.slice(1)]) {
      const names = Object.keys(FIELDS).map((name) => `{{.${name}}}`);
      throw invalidParameter(`invalid log tag "${template}": {{${word}}} is none of ${names.join(', ')}`);
    }
    return '';
  });
  if (rest.includes('{{')) throw invalidParameter(`invalid log tag "${template}": unclosed action`);
}

/** A tag's text for a container. */
export function expandTag(template: string, definition: ContainerDefinition): string {
  return fillPlaceholders(template, (word) => FIELDS[word.slice(1)]?.(definition) ?? '');
}

/** Fields that `labels`, `env`, `labels-regex` and `env-regex` choose of the container, for each line of its log. */
export function logAttributes(definition: ContainerDefinition): Record<string, string> {
  const { process, labels, log } = definition.spec;
  const { options } = log;
  const env = process.env.map((entry): [string, string] => {
    const at = entry.indexOf('=');
    return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
  });
  return {
    ...chosen(Object.entries(labels), options.labels, options['labels-regex']),
    ...chosen(env, options.env, options['env-regex']),
    ...(options.tag ? { tag: expandTag(options.tag, definition) } : {}),
  };
}

function chosen(
  entries: readonly (readonly [string, string])[],
  names: string | undefined,
  pattern: string | undefined,
): Record<string, string> {
  const listed = new Set((names ?? '').split(',').filter(Boolean));
  const matches = pattern ? new Regex(pattern) : undefined;
  return Object.fromEntries(entries.filter(([name]) => listed.has(name) || matches?.test(name)));
}
