import { invalidParameter } from '../../core/errors.ts';

/** The options of `# check=…` or of the build argument BUILDKIT_DOCKERFILE_CHECK. */
export interface LintOptions {
  readonly skip: ReadonlySet<string>;
  readonly skipAll: boolean;
  readonly experimental: ReadonlySet<string>;
  readonly experimentalAll: boolean;
  /** Whether findings fail the build. */
  readonly error: boolean;
}

/** Reads `skip=A,B;error=true;experimental=all`. @throws BargeError invalid-parameter for other keys. */
export function readLintOptions(text: string | undefined): LintOptions {
  const fields = new Map<string, string>();
  for (const part of (text ?? '').split(';').filter((one) => one.trim() !== '')) {
    const [key = '', value = ''] = part.split('=').map((one) => one.trim());
    if (!['skip', 'error', 'experimental'].includes(key)) {
      throw invalidParameter(`invalid check option "${key}": want skip, error or experimental`);
    }
    fields.set(key, value);
  }
  const names = (key: string) =>
    (fields.get(key) ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean);
  const error = fields.get('error') ?? 'false';
  if (!['true', 'false'].includes(error)) {
    throw invalidParameter(`invalid check option "error=${error}": want true or false`);
  }
  return {
    skip: new Set(names('skip')),
    skipAll: names('skip').includes('all'),
    experimental: new Set(names('experimental')),
    experimentalAll: names('experimental').includes('all'),
    error: error === 'true',
  };
}
