import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, invalidParameter, notFound, notImplemented, unavailable } from '../../core/errors.ts';
import { startChild } from '../../core/start-child.ts';
import type { GitSource } from './git-url.ts';
import { resolveInRoot } from './rooted.ts';

/** Protocols that a repository or a submodule may use: none that reads local files. */
const PROTOCOLS = 'http:https:git:ssh';
/** Settings that git's child processes inherit, so that nothing from a repository is executed. */
const GUARDS = ['-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false'];
const MAX_MESSAGE = 4000;

/**
 * Checks out a repository into `directory`, which must be empty; fetches only the one commit where the server supports
 * that.
 * @returns the directory that the source names, and the commit.
 * @throws BargeError unavailable when git fails, not-implemented without git, invalid-parameter for another commit.
 */
export async function cloneRepository(
  source: GitSource,
  directory: string,
  signal: AbortSignal,
): Promise<{ readonly directory: string; readonly commit: string }> {
  const { url, ref = 'HEAD', checksum } = source;
  const git = (...args: string[]) =>
    runGit(['-C', directory, ...GUARDS, ...args], `git repository ${url}`, signal);
  await git('init', '--quiet', '--initial-branch=main', '--template=');
  await git('remote', 'add', '--', 'origin', url);
  await fetchRef(git, ref);
  await git('-c', 'advice.detachedHead=false', 'checkout', '--quiet', 'FETCH_HEAD');
  const commit = (await git('rev-parse', 'HEAD')).trim();
  if (checksum !== undefined && !commit.startsWith(checksum.toLowerCase())) {
    throw invalidParameter(`expected checksum to match ${checksum}, got ${commit} for ${url}`);
  }
  if (source.submodules) await git('submodule', 'update', '--init', '--recursive', '--depth=1', '--quiet');
  if (!source.keepGitDir) await rm(join(directory, '.git'), { recursive: true, force: true });
  return { directory: await subdirectoryOf(source, directory), commit };
}

/**
 * A dumb HTTP server cannot send part of a history, and some servers cannot send a commit by its id; then everything is
 * fetched.
 */
async function fetchRef(git: (...args: string[]) => Promise<string>, ref: string): Promise<void> {
  try {
    await git('fetch', '--quiet', '--depth=1', '--', 'origin', ref);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw error;
    await git(
      'fetch',
      '--quiet',
      '--tags',
      '--',
      'origin',
      '+refs/heads/*:refs/remotes/origin/*',
      'HEAD',
    ).catch(() => {
      throw error;
    });
    const found = ref === 'HEAD' ? 'FETCH_HEAD' : await firstCommit(git, [`origin/${ref}`, ref]);
    if (!found) throw error;
    await git('update-ref', 'FETCH_HEAD', found === 'FETCH_HEAD' ? await headOf(git) : found);
  }
}

const headOf = async (git: (...args: string[]) => Promise<string>) =>
  (await git('ls-remote', '--', 'origin', 'HEAD')).split(/\s/)[0] ?? '';

async function firstCommit(git: (...args: string[]) => Promise<string>, names: readonly string[]) {
  for (const name of names) {
    const found = await git('rev-parse', '--verify', '--quiet', `${name}^{commit}`).catch(() => '');
    if (found !== '') return found.trim();
  }
  return undefined;
}

async function subdirectoryOf({ subdirectory, url }: GitSource, directory: string): Promise<string> {
  if (subdirectory === undefined) return directory;
  const found = await resolveInRoot(directory, subdirectory, true);
  if (!found?.stats.isDirectory()) throw notFound(`the repository ${url} has no directory ${subdirectory}`);
  return join(directory, found.path);
}

/** @throws BargeError unavailable with git's error output. */
async function runGit(args: readonly string[], what: string, signal: AbortSignal): Promise<string> {
  const { child, started } = startChild('git', args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
    env: {
      ...process.env,
      GIT_TERMINAL_PROMPT: '0',
      GIT_ALLOW_PROTOCOL: PROTOCOLS,
      GIT_CONFIG_NOSYSTEM: '1',
      LC_ALL: 'C',
    },
  });
  if (!child)
    throw await started.then(
      () => undefined,
      (cause) => startFailure(cause, what),
    );
  const [out, err] = [child.stdout, child.stderr].map((stream) => {
    const kept = { text: '' };
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      if (kept.text.length < MAX_MESSAGE) kept.text += chunk;
    });
    return kept;
  }) as [{ text: string }, { text: string }];
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject); /* of the signal */
  });
  if (code !== 0)
    throw unavailable(`failed to fetch the ${what}: ${err.text.trim() || `git exited with ${code}`}`);
  return out.text;
}

function startFailure(cause: Error, what: string): Error {
  if (errnoOf(cause.cause) !== 'ENOENT') return cause;
  return notImplemented(`cannot fetch the ${what}: git is not on the daemon's PATH: install git`, {
    cause,
  });
}
