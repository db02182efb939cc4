/** Other builders, each with separate storage below one directory. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { eventually, execute } from '../harness/execute.ts';
import type { BuildCase } from './case.ts';

export interface Peer {
  readonly name: string;
  build(given: BuildCase, directory: string): Promise<{ readonly id: string } | { readonly failure: string }>;
  files(id: string): Promise<Readable>;
  config(id: string): Promise<Record<string, unknown>>;
  drop(id: string): Promise<void>;
  end(): Promise<void>;
}

const PROGRAM_DIRECTORIES = ['/usr/bin', '/usr/sbin'];
/** Debian's docker, whose client still supports BuildKit. */
const program = (name: string) =>
  PROGRAM_DIRECTORIES.map((directory) => join(directory, name)).find(existsSync);

/** @param base an archive with the base image of the cases. @param only docker or buildah; '' is both. */
export async function peersHere(directory: string, base: string, only: string): Promise<Peer[]> {
  const [docker, dockerd, buildah] = [program('docker'), program('dockerd'), program('buildah')];
  const peers =
    docker && dockerd && only !== 'buildah' ? await dockerPeers(directory, { docker, dockerd }, base) : [];
  return buildah && only !== 'docker' ? [...peers, await buildahPeer(directory, buildah, base)] : peers;
}

const ulimits = (text: string) =>
  (JSON.parse(text) as { Name: string; Soft: number; Hard: number }[]).flatMap(({ Name, Soft, Hard }) => [
    '--ulimit',
    `${Name}=${Soft}:${Hard}`,
  ]);

/** Flags of `build` for the parameters of a case. */
function flagsOf({ query = {} }: BuildCase, directory: string): string[] {
  const pairs = (text: string, flag: string) =>
    Object.entries(JSON.parse(text) as Record<string, string>).flatMap(([name, value]) => [
      flag,
      `${name}=${value}`,
    ]);
  return Object.entries(query).flatMap(([name, value]) => {
    if (name === 'buildargs') return pairs(value, '--build-arg');
    if (name === 'labels') return pairs(value, '--label');
    if (name === 'dockerfile') return ['-f', join(directory, value)];
    if (name === 'ulimits') return ulimits(value);
    if (name === 'memory') return ['--memory', value];
    if (name === 'extrahosts') return value.split(',').flatMap((host) => ['--add-host', host]);
    if (name === 'networkmode') return ['--network', value];
    if (name === 'shmsize') return ['--shm-size', value];
    return ['target', 'platform'].includes(name) ? [`--${name}`, value] : [];
  });
}

interface DockerPrograms {
  readonly docker: string;
  readonly dockerd: string;
}

async function dockerPeers(
  directory: string,
  { docker, dockerd }: DockerPrograms,
  base: string,
): Promise<Peer[]> {
  const root = join(directory, 'dockerd');
  mkdirSync(root);
  const host = `unix://${root}/sock`;
  const own = [
    '--data-root',
    join(root, 'data'),
    '--exec-root',
    join(root, 'run'),
    '--pidfile',
    join(root, 'pid'),
  ];
  const network = ['--bridge', 'none', '--iptables=false', '--host', host];
  const child = spawn(dockerd, [...own, ...network], { stdio: 'ignore' });
  process.on('exit', () => child.kill());
  const run = (args: readonly string[], env = {}) =>
    execute([docker, '-H', host, ...args], { env: { ...env, HOME: root }, limit: 120_000 });
  await eventually('dockerd answers', async () => (await run(['version'])).code === 0, 60_000);
  await run(['load', '-i', base]);
  let left = 2;
  return ['0', '1'].map((buildkit) => ({
    name: buildkit === '1' ? 'docker (BuildKit)' : 'docker (classic)',
    async build(given, context) {
      const iid = join(root, 'iid');
      const args = [
        'build',
        '--no-cache',
        '--network',
        'none',
        '--iidfile',
        iid,
        ...flagsOf(given, context),
        context,
      ];
      const { code, stdout, stderr } = await run(args, { DOCKER_BUILDKIT: buildkit });
      if (code !== 0) return { failure: stdout + stderr };
      return { id: (await execute(['cat', iid])).stdout.trim() };
    },
    async files(id) {
      const made = (await run(['create', id, 'nothing'])).stdout.trim();
      const packed = spawn(docker, ['-H', host, 'export', made], { stdio: ['ignore', 'pipe', 'ignore'] });
      packed.once('close', () => void run(['rm', made]));
      return packed.stdout;
    },
    async config(id) {
      return JSON.parse((await run(['image', 'inspect', id])).stdout)[0].Config;
    },
    async drop(id) {
      await run(['rmi', '-f', id]);
    },
    async end() {
      if (--left > 0) return;
      child.kill();
      await once(child, 'exit');
    },
  }));
}

async function buildahPeer(directory: string, buildah: string, base: string): Promise<Peer> {
  const root = join(directory, 'buildah');
  mkdirSync(root);
  const storage = ['--root', join(root, 'root'), '--runroot', join(root, 'run')];
  const run = (args: readonly string[]) =>
    execute([buildah, ...storage, ...args], { env: { HOME: root }, limit: 120_000 });
  await run(['pull', `docker-archive:${base}`]);
  await run(['tag', 'docker.io/library/busybox', 'localhost/busybox']);
  return {
    name: 'buildah',
    async build(given, context) {
      const iid = join(root, 'iid');
      const name = given.query?.dockerfile ?? 'Dockerfile';
      const flags = flagsOf(given, context).filter(
        (flag) => flag !== '-f' && flag !== join(context, given.query?.dockerfile ?? ''),
      );
      const common = [
        '--no-cache',
        '--pull-never',
        '--format',
        'docker',
        '--isolation',
        'chroot',
        '--iidfile',
        iid,
      ];
      const { code, stdout, stderr } = await run([
        'bud',
        ...common,
        ...flags,
        '-f',
        join(context, name),
        context,
      ]);
      if (code !== 0) return { failure: stdout + stderr };
      return { id: (await execute(['cat', iid])).stdout.trim().replace('sha256:', '') };
    },
    async files(id) {
      const made = (await run(['from', '--pull-never', id])).stdout.trim();
      const path = (await run(['mount', made])).stdout.trim();
      const packed = spawn('tar', ['-C', path, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'ignore'] });
      packed.once('close', () => void run(['rm', made]));
      return packed.stdout;
    },
    async config(id) {
      return JSON.parse((await run(['inspect', '--type', 'image', id])).stdout).Docker.config;
    },
    async drop(id) {
      await run(['rmi', '-f', id]);
    },
    async end() {
      await execute(['umount', '--recursive', '--lazy', join(root, 'root/overlay')]);
    },
  };
}
