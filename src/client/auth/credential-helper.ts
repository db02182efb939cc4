import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { systemError } from '../../core/errors.ts';

interface HelperCredentials {
  readonly ServerURL: string;
  /** `<token>` when the secret is an identity token. */
  readonly Username: string;
  readonly Secret: string;
}

const NOT_FOUND = /credentials not found/i;

/** Asks `docker-credential-<suffix>`; undefined when it has no login for the server. */
export async function getFromHelper(suffix: string, server: string): Promise<HelperCredentials | undefined> {
  const { code, output } = await talk(suffix, 'get', server);
  if (code === 0) return JSON.parse(output) as HelperCredentials;
  if (NOT_FOUND.test(output)) return undefined;
  throw systemError(`docker-credential-${suffix} get failed: ${output.trim()}`);
}

export async function storeInHelper(suffix: string, credentials: HelperCredentials): Promise<void> {
  const { code, output } = await talk(suffix, 'store', JSON.stringify(credentials));
  if (code !== 0) throw systemError(`docker-credential-${suffix} store failed: ${output.trim()}`);
}

/** Erasing a login that does not exist is not a failure. */
export async function eraseInHelper(suffix: string, server: string): Promise<void> {
  const { code, output } = await talk(suffix, 'erase', server);
  if (code !== 0 && !NOT_FOUND.test(output)) {
    throw systemError(`docker-credential-${suffix} erase failed: ${output.trim()}`);
  }
}

async function talk(suffix: string, verb: string, input: string): Promise<{ code: number; output: string }> {
  const program = `docker-credential-${suffix}`;
  const child = spawn(program, [verb], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  // A helper may end without reading its input; its exit code then explains the failure.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return { code: code ?? 1, output };
  } catch (cause) {
    throw systemError(`cannot run ${program}: is it on the PATH?`, { cause });
  }
}
