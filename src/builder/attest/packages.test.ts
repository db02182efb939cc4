import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { packagesOf } from './packages.ts';
import { spdxDocument } from './spdx.ts';

const { signal } = new AbortController();

async function withRoot(
  files: Readonly<Record<string, string>>,
  use: (root: string) => Promise<void>,
): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'packages-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    await use(root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

const brief = async (root: string) =>
  (await packagesOf(root, signal)).map(({ type, namespace = '', name, version }) =>
    [type, namespace, name, version].join(' '),
  );

test('packages of databases are found, but not those that are partly removed', async () => {
  const files = {
    'usr/lib/os-release': 'NAME="X"\nID=alpine\n',
    'lib/apk/db/installed': 'C:Q1\nP:musl\nV:1.2.3-r0\nA:x86_64\nL:MIT\n\nP:busybox\nV:1.36\n',
    'var/lib/dpkg/status.d/base': 'Package: base-files\nVersion: 12\nDescription: x\n more\n',
    'var/lib/dpkg/status': 'Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n',
  };
  await withRoot(files, async (root) => {
    assert.deepEqual(await brief(root), [
      'apk alpine busybox 1.36',
      'apk alpine musl 1.2.3-r0',
      'deb alpine base-files 12',
    ]);
  });
});

test('packages that describe themselves are found in any directory; links cannot lead outside', async () => {
  const files = {
    'app/node_modules/@scope/one/package.json': '{"name":"@scope/one","version":"1.0.0"}',
    'app/node_modules/@scope/one/node_modules/two/package.json': '{"name":"two","version":"2"}',
    'app/node_modules/two/test/package.json': '{"name":"no","version":"0"}',
    'app/node_modules/broken/package.json': '{',
    'opt/venv/lib/x.dist-info/METADATA':
      'Metadata-Version: 2.1\nName: Some_Thing\nVersion: 3.1\n\nName: not\n',
    'usr/share/gems/specifications/rake-13.0.6.gemspec': '',
    'proc/node_modules/three/package.json': '{"name":"three","version":"3"}',
  };
  await withRoot(files, async (root) => {
    await symlink('/etc/passwd', join(root, 'app/node_modules/broken/METADATA'));
    await symlink('/', join(root, 'app/all'));
    assert.deepEqual(await brief(root), [
      'gem  rake 13.0.6',
      'npm  @scope/one 1.0.0',
      'npm  two 2',
      'pypi  Some_Thing 3.1',
    ]);
  });
});

test("the document has each package's URL, and the same packages produce the same document", () => {
  const packages = [
    { type: 'deb', namespace: 'debian', name: 'g++', version: '4:12', architecture: 'amd64', source: 's' },
    {
      type: 'pypi',
      name: 'Some_Thing',
      version: '1',
      license: 'a license of its own, in words',
      source: 't',
    },
  ];
  const document = spdxDocument(packages, new Date(0)).content as {
    readonly packages: readonly {
      readonly externalRefs?: readonly { readonly referenceLocator: string }[];
      readonly licenseDeclared?: string;
    }[];
  };
  assert.deepEqual(
    document.packages.flatMap(({ externalRefs = [] }) => externalRefs.map((one) => one.referenceLocator)),
    ['pkg:deb/debian/g%2B%2B@4%3A12?arch=amd64', 'pkg:pypi/some-thing@1'],
  );
  assert.equal(document.packages[2]?.licenseDeclared, 'NOASSERTION');
  assert.deepEqual(spdxDocument(packages, new Date(0)).content, document);
});
