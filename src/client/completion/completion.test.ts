import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { type Answer, FakeDaemon, type Seen } from '../testing/fake-daemon.ts';

const CLIENT = resolve(import.meta.dirname, '../../bin/barge.ts');

function names({ path }: Seen): Answer | undefined {
  const container = (name: string, State: string) => ({
    Id: name,
    Names: [`/${name}`],
    Image: 'busybox',
    State,
    Status: State,
  });
  switch (path) {
    case '/containers/json':
      return {
        body: [container('web', 'running'), container('worker', 'running'), container('old', 'exited')],
      };
    case '/images/json':
      return { body: [{ Id: 'x', RepoTags: ['busybox:latest', 'localhost:5000/app:1'] }] };
    case '/networks':
      return { body: [{ Id: 'n', Name: 'front', Driver: 'bridge' }] };
    case '/volumes':
      return { body: { Volumes: [{ Name: 'data', Driver: 'local' }] } };
    default:
      return undefined;
  }
}

/** The completions of a line, and the directive. */
async function completed(daemon: FakeDaemon, ...words: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await daemon.run(['__completeNoDesc', ...words]);
  assert.equal(code, 0);
  assert.equal(stderr, '');
  return stdout.trimEnd().split('\n');
}

test('commands, flags, values and names are completed where they apply', async () => {
  await using daemon = await FakeDaemon.start(names);
  const cases: [words: string[], expected: string[]][] = [
    [['net'], ['network', ':4']],
    [
      ['container', 'pr'],
      ['prune', ':4'],
    ],
    [['swa'], [':4']],
    [
      ['run', '--network-'],
      ['--network-alias', ':4'],
    ],
    [
      ['run', '--network', ''],
      ['front', ':4'],
    ],
    [
      ['run', '--network=fr'],
      ['--network=front', ':4'],
    ],
    [
      ['run', '--rm', 'busy'],
      ['busybox', 'busybox:latest', ':4'],
    ],
    [['run', 'busybox', '--ne'], [':0']],
    [
      ['run', '--pull', 'a'],
      ['always', ':4'],
    ],
    [
      ['stop', 'w'],
      ['web', 'worker', ':4'],
    ],
    [
      ['stop', 'web', 'w'],
      ['worker', ':4'],
    ],
    [
      ['-D', 'start', ''],
      ['old', ':4'],
    ],
    [['exec', '-it', 'web', ''], [':0']],
    [['logs', '--since', ''], [':4']],
    [
      ['network', 'connect', 'front', 'o'],
      ['old', ':4'],
    ],
    [
      ['volume', 'rm', ''],
      ['data', ':4'],
    ],
    [
      ['inspect', '--type', 'n'],
      ['network', ':4'],
    ],
    [
      ['inspect', 'da'],
      ['data', ':4'],
    ],
    [['rename', 'web', ''], [':4']],
    [
      ['kill', '-s', 'SIGT'],
      ['SIGTERM', ':4'],
    ],
    [
      ['--log-level', 'w'],
      ['warn', ':4'],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish', ':4'],
    ],
    [['build', ''], [':16']],
  ];
  for (const [words, expected] of cases) {
    assert.deepEqual(await completed(daemon, ...words), expected, words.join(' '));
  }
});

test('without a daemon there are no completions and no errors', async () => {
  await using daemon = await FakeDaemon.start(() => undefined);
  assert.deepEqual(await completed(daemon, 'stop', ''), [':4']);
});

test('descriptions follow a tab', async () => {
  await using daemon = await FakeDaemon.start(names);
  const { stdout } = await daemon.run(['__complete', 'stop', 'we']);
  assert.equal(stdout, 'web\tbusybox, running\n:4\n');
});

/** A `barge` that runs the sources, for shells to call. */
async function installClient(daemon: FakeDaemon): Promise<Record<string, string>> {
  const path = join(daemon.directory, 'barge');
  await writeFile(path, `#!/bin/sh\nexec '${process.execPath}' '${CLIENT}' "$@"\n`);
  await chmod(path, 0o755);
  const { PATH = '' } = process.env;
  return {
    PATH: `${daemon.directory}:${PATH}`,
    HOME: daemon.directory,
    DOCKER_CONFIG: daemon.directory,
    BARGE_HOST: daemon.url,
  };
}

/** Runs a script without blocking the fake daemon, which runs in this process. */
async function inShell(shell: string, script: string, env: Record<string, string>): Promise<string> {
  const { execFile } = await import('node:child_process');
  return new Promise((done, fail) => {
    execFile(shell, ['-c', script], { env }, (error, stdout, stderr) =>
      error ? fail(new Error(`${error.message}\n${stderr}`)) : done(stdout),
    );
  });
}

test('bash completes with the script, also after its word breaks', async () => {
  await using daemon = await FakeDaemon.start(names);
  const env = await installClient(daemon);
  const cases: [line: string, expected: string][] = [
    ['barge stop wo', 'worker'],
    ['barge run --pull=al', 'always'],
    ['barge run localhost:50', '5000/app:1'],
    ['barge netw', 'network'],
    ['barge nonesuch x', ''],
  ];
  for (const [line, expected] of cases) {
    const script = `source <(barge completion bash); COMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}; _barge; printf '%s\\n' "\${COMPREPLY[@]}"`;
    assert.equal((await inShell('bash', script, env)).trimEnd(), expected, line);
  }
});

const has = (shell: string) => spawnSync(shell, ['--version']).status === 0;

test('fish completes with the script', { skip: !has('fish') && 'no fish here' }, async () => {
  await using daemon = await FakeDaemon.start(names);
  const script = 'barge completion fish | source; complete -C "barge stop wo"';
  assert.equal(await inShell('fish', script, await installClient(daemon)), 'worker\tbusybox, running\n');
});

test('zsh accepts the script', { skip: !has('zsh') && 'no zsh here' }, async () => {
  await using daemon = await FakeDaemon.start(names);
  const script =
    'autoload -U compinit; compinit -u -D; source <(barge completion zsh); echo ${_comps[barge]}';
  assert.equal(await inShell('zsh', script, await installClient(daemon)), '_barge\n');
});
