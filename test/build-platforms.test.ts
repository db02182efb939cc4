/** Builds for several platforms, and what is said about images beside them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeContext } from './build/context.ts';
import { TestDaemon } from './harness/daemon.ts';
import { startRegistry, type TestRegistry } from './harness/registry.ts';

let daemon: TestDaemon;
let registry: TestRegistry;
before(async () => {
  daemon = await TestDaemon.start();
  registry = await startRegistry(daemon.path('registry'));
  await daemon.makeBusybox();
});
after(async () => {
  await registry[Symbol.asyncDispose]();
  await daemon.end();
});

const build = (...args: string[]) => daemon.ok('barge', ['build', '--progress=plain', ...args]);
const own = process.arch === 'arm64' ? 'arm64' : 'amd64';
const other = own === 'arm64' ? 'amd64' : 'arm64';
const BOTH = `linux/${own},linux/${other}`;

interface Index {
  readonly annotations?: Record<string, string>;
  readonly manifests: readonly {
    readonly digest: string;
    readonly platform: { readonly architecture: string };
    readonly annotations?: Record<string, string>;
  }[];
}

async function document<T>(path: string): Promise<T> {
  const accept = ['application/vnd.oci.image.index.v1+json', 'application/vnd.oci.image.manifest.v1+json'];
  const response = await fetch(`${registry.url}/v2/${path}`, { headers: { Accept: accept.join(', ') } });
  assert.equal(response.status, 200, path);
  return (await response.json()) as T;
}

const FOREIGN = `FROM --platform=$BUILDPLATFORM busybox AS made
ARG TARGETARCH
RUN echo "for $TARGETARCH" > /made
FROM scratch
ARG TARGETPLATFORM
ENV FOR=$TARGETPLATFORM
COPY --from=made /made /made
`;

test('an index of two platforms is made, run, inspected, pushed, saved, loaded and removed', async () => {
  const directory = makeContext(daemon, 'two', { Dockerfile: FOREIGN });
  const name = `${registry.host}/two:1`;
  const said = await build('--platform', BOTH, '-t', name, '--push', directory);
  assert.match(said, new RegExp(`\\[linux/${other} made 3/3\\] RUN echo`));
  const index = await document<Index>('two/manifests/1');
  const platforms = index.manifests.map(({ platform }) => platform.architecture);
  assert.deepEqual(platforms.sort(), ['amd64', 'arm64']);
  const inspected = async (architecture: string) => {
    const platform = encodeURIComponent(JSON.stringify({ os: 'linux', architecture }));
    return (await daemon.api(`/images/${name}/json?platform=${platform}`)).json();
  };
  for (const architecture of [own, other]) {
    const { Architecture, Config } = await inspected(architecture);
    assert.equal(Architecture, architecture);
    assert.ok(Config.Env.includes(`FOR=linux/${architecture}`));
  }
  const listed = (await daemon.ok('barge', ['images', '-q'])).split('\n');
  const saved = daemon.path('two.tar');
  await daemon.ok('barge', ['save', '-o', saved, name]);
  await daemon.ok('barge', ['rmi', name]);
  assert.equal((await daemon.ok('barge', ['images', '-aq'])).split('\n').length, listed.length - 1);
  await daemon.ok('barge', ['load', '-i', saved]);
  assert.equal((await inspected(other)).Architecture, other);
  await daemon.ok('barge', ['tag', name, `${registry.host}/two:2`]);
  await daemon.ok('barge', ['push', `${registry.host}/two:2`]);
  assert.deepEqual(await document<Index>('two/manifests/2'), index);
  await daemon.ok('barge', ['rmi', name, `${registry.host}/two:2`]);
  await daemon.ok('barge', ['image', 'prune', '-f']);
  assert.deepEqual((await daemon.ok('barge', ['images', '-a', '--format', '{{.Repository}}'])).split('\n'), [
    'busybox',
  ]);
});

test('one of several platforms is a base, whichever is asked for; RUN works where this machine can', async (t) => {
  if (own !== 'amd64') return t.skip('needs a machine that runs another architecture without an emulator');
  const platforms = ['--platform', 'linux/amd64', '--platform', 'linux/386'];
  const whole = 'FROM --platform=$BUILDPLATFORM busybox AS b\nFROM scratch\nCOPY --from=b / /\n';
  await build(...platforms, '-t', 'both', makeContext(daemon, 'base', { Dockerfile: whole }));
  const out = daemon.path('both-out');
  const text =
    'FROM both AS r\nARG TARGETARCH\nRUN echo $TARGETARCH > /o\nFROM scratch\nCOPY --from=r /o /o\n';
  const directory = makeContext(daemon, 'on-base', { Dockerfile: text });
  await build(...platforms, '-o', out, directory);
  assert.equal(readFileSync(join(out, 'linux_386/o'), 'utf8'), '386\n');
  assert.equal(readFileSync(join(out, 'linux_amd64/o'), 'utf8'), 'amd64\n');
  const tar = daemon.path('both.tar');
  await build(...platforms, '-o', `type=tar,dest=${tar}`, directory);
  const list = spawnSync('tar', ['-tf', tar], { encoding: 'utf8' }).stdout;
  assert.match(list, /^linux_386\/o$/m);
});

test('RUN for a machine that has no emulator here says what to do; one failure ends all platforms', async () => {
  const text = `FROM busybox AS b\nFROM scratch\nCOPY --from=b / /\nRUN echo x\n`;
  const directory = makeContext(daemon, 'no-emulator', {
    Dockerfile: text.replace('FROM', 'FROM --platform=$BUILDPLATFORM'),
  });
  const ran = await daemon.barge(['build', '--platform', `linux/${own},linux/s390x`, directory]);
  assert.equal(ran.code, 1);
  assert.match(ran.stderr, /RUN needs s390x programs, and this machine .* has no emulator.*qemu-user-static/);
  const wrong = await daemon.barge(['build', '--platform', 'a/b/c/d', directory]);
  assert.match(wrong.stderr, /invalid platform/);
});

test('provenance and a list of packages go beside the image as BuildKit puts them', async () => {
  const directory = makeContext(daemon, 'attested', {
    Dockerfile: 'FROM busybox\nARG TOKEN\nCOPY status /var/lib/dpkg/status\nCOPY lib /usr/lib/\n',
    status:
      'Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:1.2\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n',
    'lib/node_modules/left-pad/package.json': '{"name":"left-pad","version":"1.3.0","license":"WTFPL"}',
    'lib/python3/dist-packages/six-1.16.dist-info/METADATA':
      'Name: six\nVersion: 1.16\nLicense: MIT\n\nName: not\n',
  });
  const name = `${registry.host}/attested:1`;
  const metadata = daemon.path('attested.json');
  const wanted = ['--sbom=true', '--provenance=mode=max,version=v1', '--build-arg', 'TOKEN=hidden'];
  await build(...wanted, '--metadata-file', metadata, '-t', name, '--push', directory);
  const index = await document<Index>('attested/manifests/1');
  const [image, attestation] = index.manifests;
  assert.deepEqual(attestation?.annotations, {
    'vnd.docker.reference.digest': image?.digest,
    'vnd.docker.reference.type': 'attestation-manifest',
  });
  assert.deepEqual(attestation?.platform, { architecture: 'unknown', os: 'unknown' });
  const described = JSON.parse(readFileSync(metadata, 'utf8'));
  assert.equal(described['containerimage.descriptor'].mediaType, 'application/vnd.oci.image.index.v1+json');
  const { layers } = await document<{ layers: { digest: string; mediaType: string }[] }>(
    `attested/manifests/${attestation?.digest}`,
  );
  const [provenance, sbom] = await Promise.all(
    // biome-ignore lint/suspicious/noExplicitAny: statements of a foreign shape
    layers.map(({ digest }) => document<any>(`attested/blobs/${digest}`)),
  );
  assert.equal(provenance.predicateType, 'https://slsa.dev/provenance/v1');
  assert.equal(`sha256:${provenance.subject[0].digest.sha256}`, image?.digest);
  const { externalParameters, resolvedDependencies } = provenance.predicate.buildDefinition;
  assert.equal(externalParameters.request.args['build-arg:TOKEN'], 'hidden');
  assert.match(resolvedDependencies[0].uri, /^pkg:docker\/busybox/);
  assert.equal(sbom.predicateType, 'https://spdx.dev/Document');
  const packages = sbom.predicate.packages.map((one: { name: string; versionInfo?: string }) => [
    one.name,
    one.versionInfo,
  ]);
  for (const found of [
    ['zlib1g', '1:1.2'],
    ['left-pad', '1.3.0'],
    ['six', '1.16'],
  ])
    assert.ok(
      packages.some((one: string[]) => String(one) === String(found)),
      `${found} is not listed`,
    );
  assert.equal(
    packages.some(([name]: string[]) => name === 'gone'),
    false,
  );
  const [out, tar] = [daemon.path('attested-out'), daemon.path('attested.tar')];
  await build('--sbom=true', '-o', out, '-o', `type=tar,dest=${tar}`, directory);
  assert.equal(
    JSON.parse(readFileSync(join(out, 'sbom.spdx.json'), 'utf8')).predicate.spdxVersion,
    'SPDX-2.3',
  );
  const listed = spawnSync('tar', ['-tf', tar], { encoding: 'utf8' }).stdout;
  assert.match(listed, /^sbom\.spdx\.json$/m);
  assert.match(listed, /^bin\/busybox$/m);
  const secret = await daemon.barge([
    'build',
    '--attest',
    'type=provenance',
    '--build-arg',
    'TOKEN=hidden',
    '-t',
    'min',
    directory,
  ]);
  assert.equal(secret.code, 0, secret.stderr);
  const min = (await daemon.api('/images/min/attestations?statement=1')).text;
  assert.match(min, /slsa.dev\/provenance\/v0.2/);
  assert.doesNotMatch(min, /hidden/);
});

test('annotations go where they are said to go, and an OCI layout has them', async () => {
  const directory = makeContext(daemon, 'annotated', { Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' });
  const layout = daemon.path('layout');
  mkdirSync(layout);
  const read = (digest: string) =>
    JSON.parse(readFileSync(join(layout, 'blobs', digest.replace(':', '/')), 'utf8'));
  const annotations = ['--annotation', 'a=1', '--annotation', 'manifest[linux/s390x],index:b=2'];
  const output = `type=oci,tar=false,dest=${layout},annotation-manifest-descriptor.c=3`;
  await build('--platform', 'linux/s390x', '--sbom=1', ...annotations, '-o', output, directory);
  const [top] = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')).manifests;
  const index = read(top.digest) as Index;
  assert.deepEqual(index.annotations, { b: '2' });
  const [image] = index.manifests;
  assert.deepEqual(image?.annotations, { c: '3' });
  assert.deepEqual(read(image?.digest ?? '').annotations, { a: '1', b: '2' });
  const name = `${registry.host}/annotated:1`;
  await build('--annotation', 'org.example=yes', '-t', name, '--push', directory);
  assert.deepEqual((await document<Index>('annotated/manifests/1')).annotations, { 'org.example': 'yes' });
  const alone = await daemon.barge(['build', '--annotation', 'index:a=1', directory]);
  assert.match(alone.stderr, /index annotations need an index/);
});

test('--call tells what a Dockerfile offers', async () => {
  const text = `# VERSION is what it is called\nARG VERSION=1\n# tool makes the tool\nFROM busybox AS tool\nARG DEBUG\nRUN --mount=type=secret,id=key,required=true --mount=type=ssh true\nFROM tool AS last\n`;
  const directory = makeContext(daemon, 'call', { Dockerfile: text });
  assert.match(await build('--call=targets', directory), /^tool +makes the tool\nlast \(default\)/m);
  const outline = JSON.parse(await build('--call=outline,format=json', '--target', 'tool', directory));
  assert.deepEqual(outline, {
    name: 'tool',
    description: 'makes the tool',
    args: [{ name: 'VERSION', value: '1', description: 'is what it is called' }, { name: 'DEBUG' }],
    secrets: [{ name: 'key', required: true }],
    ssh: [{ name: 'default', required: false }],
    cache: [],
  });
  assert.match(await build('--call=outline', '--build-arg', 'DEBUG=2', directory), /DEBUG +2/);
});
