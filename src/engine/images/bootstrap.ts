import { existsSync } from 'node:fs';
import { chmod, copyFile, link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { errnoOf, invalidParameter, systemError, unavailable } from '../../core/errors.ts';
import { parseReference, withDefaultTag } from '../../core/reference.ts';
import { trimEndOf } from '../../core/trim.ts';
import type { Processes } from '../../host/process.ts';
import type { Image } from '../../image/images.ts';
import type { OnProgress } from '../../image/progress.ts';
import type { ImageContext } from './context.ts';
import { importImage } from './import.ts';

interface BootstrapRequest {
  /** `debian:bookworm`, `ubuntu:jammy`, …: a suite of the machine's own apt sources; or `busybox`. */
  readonly image: string;
  /** Packages in addition to the variant's own. */
  readonly include: readonly string[];
  /** Another name for the result. */
  readonly tag?: string;
  /** mmdebstrap's variant; the default is minbase. */
  readonly variant?: string;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const PACKAGE = /^[a-z0-9][a-z0-9+.-]*$/;

/**
 * Creates a base image without a registry: from Debian's or Ubuntu's packages, using this machine's apt
 * configuration, or from its statically linked busybox.
 */
export async function bootstrapImage(ctx: ImageContext, request: BootstrapRequest): Promise<Image> {
  const reference = withDefaultTag(parseReference(request.image));
  const wrong = request.include.find((name) => !PACKAGE.test(name));
  if (wrong !== undefined) throw invalidParameter(`"${wrong}" is not the name of a package`);
  const name = request.tag ?? request.image;
  const isBusybox = reference.path === 'library/busybox';
  if (isBusybox && request.include.length > 0)
    throw invalidParameter('busybox takes no --include: it has no packages');
  const image = isBusybox
    ? await busybox(ctx, name, request)
    : await debian(ctx, name, reference.tag ?? '', request);
  request.onProgress({ status: `Bootstrapped ${name}`, id: image.id.slice('sha256:'.length, 19) });
  return image;
}

async function debian(
  ctx: ImageContext,
  name: string,
  suite: string,
  request: BootstrapRequest,
): Promise<Image> {
  if (!PACKAGE.test(suite)) throw invalidParameter(`"${suite}" is not the name of a release`);
  const { onProgress, signal } = request;
  onProgress({ status: `Looking for ${suite} in this machine's apt sources` });
  const sources = await aptSources(ctx.host.processes, suite);
  const args = [
    `--variant=${request.variant ?? 'minbase'}`,
    '--mode=root',
    '--aptopt=Apt::Install-Recommends "false"',
    ...(request.include.length > 0 ? [`--include=${request.include.join(',')}`] : []),
    '--dpkgopt=path-exclude=/usr/share/doc/*',
    '--dpkgopt=path-exclude=/usr/share/man/*',
    '--format=tar',
    suite,
    '-',
    '-',
  ];
  const progress = progressOf(onProgress);
  const child = ctx.host.processes.pipe('mmdebstrap', args, { signal, onStderr: progress.read });
  child.stdin.end(sources);
  const importing = importImage(ctx, child.stdout, {
    config: { Cmd: ['bash'], Env: [PATH] },
    createdBy: `barge bootstrap ${request.image} ${request.include.join(',')}`.trim(),
    message: 'Bootstrapped from packages',
    signal,
  });
  const [imported, ended] = await Promise.allSettled([importing, child.done]);
  if (ended.status === 'rejected') throw withAdvice(ended.reason);
  const { exitCode } = ended.value;
  if (exitCode !== 0) {
    throw systemError(`mmdebstrap failed with exit code ${exitCode}: ${progress.lastLines().trim()}`);
  }
  if (imported.status === 'rejected') throw imported.reason;
  ctx.images.tag(withDefaultTag(parseReference(name)), imported.value.id);
  return imported.value;
}

/** Lines of sources.list for a suite and its updates, as apt reads this machine's files. */
async function aptSources(processes: Pick<Processes, 'capture'>, suite: string): Promise<string> {
  const format = 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)';
  const { stdout } = await processes.capture('apt-get', [
    'indextargets',
    '--format',
    format,
    'Created-By: Packages',
  ]);
  const lines = stdout
    .split('\n')
    .filter((line) => {
      const release = line.split(' ')[2] ?? '';
      return release === suite || release.startsWith(`${suite}-`);
    })
    .filter((line, i, all) => all.indexOf(line) === i);
  if (lines.length === 0) {
    throw unavailable(
      `this machine's apt sources have no release "${suite}": run apt-get update, or choose one of those in /etc/apt/sources.list`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function withAdvice(cause: unknown): unknown {
  if (!(cause instanceof Error) || errnoOf(cause.cause) !== 'ENOENT') return cause;
  return systemError('mmdebstrap cannot be started: install it (apt-get install mmdebstrap)', { cause });
}

/** Reports the steps that mmdebstrap names on its standard error, and stores its last lines for an error message. */
function progressOf(onProgress: OnProgress) {
  const last: string[] = [];
  let partial = '';
  const read = (chunk: Buffer) => {
    const lines = (partial + chunk).split(/[\r\n]/);
    partial = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.trim()) continue;
      last.push(line);
      if (last.length > 20) last.shift();
      const step = line.startsWith('I: ') ? trimEndOf(line.slice(3), '.') : undefined;
      if (step) onProgress({ status: step });
    }
  };
  const lastLines = () => last.filter((line) => !line.startsWith('I:')).join('\n') || last.join('\n');
  return { read, lastLines };
}

const BUSYBOX = '/bin/busybox';

async function busybox(ctx: ImageContext, name: string, request: BootstrapRequest): Promise<Image> {
  if (!existsSync(BUSYBOX))
    throw unavailable(`${BUSYBOX} is missing: install busybox-static (npm run setup does)`);
  const directory = await mkdtemp(join(tmpdir(), 'barge-busybox-'));
  try {
    await fillBusybox(ctx.host.processes, directory);
    return await importImage(ctx, ctx.host.files.packTar({ root: directory }), {
      name,
      config: { Cmd: ['sh'], Env: [PATH] },
      createdBy: 'barge bootstrap busybox',
      message: 'Bootstrapped from busybox-static',
      signal: request.signal,
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const DIRECTORIES = [
  'bin',
  'dev',
  'etc',
  'home',
  'proc',
  'root',
  'sbin',
  'sys',
  'usr/bin',
  'usr/sbin',
  'var/tmp',
  'var/spool',
];

async function fillBusybox(processes: Pick<Processes, 'run'>, directory: string): Promise<void> {
  for (const name of DIRECTORIES) await mkdir(join(directory, name), { recursive: true });
  await mkdir(join(directory, 'tmp'));
  await chmod(join(directory, 'tmp'), 0o1777);
  await chmod(join(directory, 'var/tmp'), 0o1777);
  await chmod(join(directory, 'root'), 0o700);
  await copyFile(BUSYBOX, join(directory, 'bin/busybox'));
  await chmod(join(directory, 'bin/busybox'), 0o755);
  for (const applet of (await processes.run(BUSYBOX, ['--list-full'])).split('\n').filter(Boolean)) {
    const path = join(directory, applet);
    if (!existsSync(dirname(path)) || existsSync(path)) continue;
    await link(join(directory, 'bin/busybox'), path);
  }
  await writeFile(
    join(directory, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n',
  );
  await writeFile(
    join(directory, 'etc/group'),
    'root:x:0:\ndaemon:x:1:\ntty:x:5:\nusers:x:100:\nnogroup:x:65534:\n',
  );
}
