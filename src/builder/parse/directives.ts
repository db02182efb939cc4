import { DockerfileError } from './errors.ts';
import type { SourceFile } from './source.ts';

/** `# key=value` lines at the very top of a Dockerfile. */
export interface Directives {
  /** The front end that the author requests; Barge always uses its own and only reports this. */
  readonly syntax?: string;
  readonly escape: '\\' | '`';
  /** Lint options, kept as written. */
  readonly check?: string;
}

const DIRECTIVE = /^\s*#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(\S.*)$/;
const KNOWN = ['syntax', 'escape', 'check'];

/** Reads directives up to the first line that is not one; after it, they are ordinary comments. */
export function readDirectives(source: SourceFile): Directives {
  const seen = new Map<string, string>();
  const first = source.lines[0]?.startsWith('#!') ? 1 : 0;
  for (let index = first; index < source.lines.length; index++) {
    const match = DIRECTIVE.exec((source.lines[index] ?? '').trimEnd());
    const key = match?.[1]?.toLowerCase() ?? '';
    const value = match?.[2] ?? '';
    if (!KNOWN.includes(key)) break;
    const fail = (message: string) =>
      new DockerfileError(source, { line: index + 1, column: 1, endLine: index + 1 }, message);
    if (seen.has(key)) throw fail(`only one ${key} parser directive can be used`);
    if (key === 'escape' && value !== '\\' && value !== '`') {
      throw fail(`invalid escape token '${value}' does not match \` or \\`);
    }
    seen.set(key, value);
  }
  const syntax = seen.get('syntax');
  const check = seen.get('check');
  return {
    ...(syntax === undefined ? {} : { syntax }),
    escape: seen.get('escape') === '`' ? '`' : '\\',
    ...(check === undefined ? {} : { check }),
  };
}
