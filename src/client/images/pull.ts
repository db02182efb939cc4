import type { ProgressMessage } from '../../api/engine/system.ts';
import { invalidParameter } from '../../core/errors.ts';
import {
  canonicalName,
  familiarName,
  parseReference,
  type Reference,
  withDefaultTag,
} from '../../core/reference.ts';
import { registryAuthHeader } from '../auth/registry-auth.ts';
import type { Cli } from '../cli.ts';
import { renderProgress } from '../progress/render.ts';
import { jsonLines } from '../transport/json-lines.ts';

interface PullOptions {
  /** `os[/arch[/variant]]`, or '' for the daemon's platform. */
  readonly platform?: string;
  readonly quiet?: boolean;
  readonly allTags?: boolean;
  /** The output for progress. */
  write(text: string): void;
  readonly terminal: boolean;
}

/** Asks the daemon to pull `image`, shows the progress and resolves with the image's full name. */
export async function pullImage(cli: Cli, image: string, options: PullOptions): Promise<string> {
  const parsed = parseReference(image);
  if (options.allTags && (parsed.tag || parsed.digest)) {
    throw invalidParameter("tag can't be used with --all-tags/-a");
  }
  const reference = options.allTags ? parsed : withDefaultTag(parsed);
  const { body } = await cli.engine.request('POST', '/images/create', {
    query: {
      fromImage: familiarName(reference),
      tag: reference.digest ?? reference.tag,
      platform: options.platform || undefined,
    },
    headers: { 'X-Registry-Auth': await registryAuthHeader(cli.configDirectory, image) },
  });
  await renderProgress(jsonLines<ProgressMessage>(body), {
    write: (text) => {
      if (!options.quiet) options.write(text);
    },
    terminal: options.terminal && !options.quiet,
    columns: process.stderr.columns ?? process.stdout.columns ?? 80,
  });
  return fullName(reference);
}

/** Whether the default tag replaces one that the user omitted. */
export function lacksTag(image: string): boolean {
  const { tag, digest } = parseReference(image);
  return !tag && !digest;
}

function fullName(reference: Reference): string {
  const tag = reference.tag ? `:${reference.tag}` : '';
  return `${canonicalName(reference)}${reference.digest ? `@${reference.digest}` : tag}`;
}
