import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerSummary } from '../../api/engine/containers.ts';
import type { ImageSummary } from '../../api/engine/images.ts';
import { CONTAINER_LISTING, containerFields } from '../containers/listing.ts';
import { IMAGE_LISTING, imageFields } from '../images/listing.ts';
import { renderListing } from './listing.ts';

const NOW = Date.UTC(2026, 0, 2);
const SECONDS = NOW / 1000;

const WEB: ContainerSummary = {
  Id: '0123456789ab'.repeat(6).slice(0, 64),
  Names: ['/web', '/other/alias'],
  Image: 'busybox:1.36',
  ImageID: `sha256:${'a'.repeat(64)}`,
  Command: "sh -c 'echo hello world; sleep 1000'",
  Created: SECONDS - 7300,
  Ports: [
    { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
    { IP: '::', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
    { PrivatePort: 443, Type: 'tcp' },
    { PrivatePort: 444, Type: 'tcp' },
    { IP: '0.0.0.0', PrivatePort: 9000, PublicPort: 9000, Type: 'tcp' },
    { IP: '0.0.0.0', PrivatePort: 9001, PublicPort: 9001, Type: 'tcp' },
  ],
  Labels: { b: '2', a: '1' },
  State: 'running',
  Status: 'Up 2 hours',
  HostConfig: { NetworkMode: 'default' },
  NetworkSettings: { Networks: {} },
  Mounts: [],
};

const rows = (containers: readonly ContainerSummary[], truncate = true) =>
  containers.map((one) => containerFields(one, { truncate, now: NOW }));

test('an empty list prints only headings, aligned as in docker', () => {
  assert.equal(
    renderListing(CONTAINER_LISTING, '', []),
    'CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES\n',
  );
  assert.equal(
    renderListing(IMAGE_LISTING, 'table', []),
    'REPOSITORY   TAG       IMAGE ID   CREATED   SIZE\n',
  );
});

test('a container is shown as in docker', () => {
  const ports = '443-444/tcp, 0.0.0.0:9000-9001->9000-9001/tcp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp';
  assert.equal(
    renderListing(CONTAINER_LISTING, '', rows([WEB])),
    `CONTAINER ID   IMAGE          COMMAND                  CREATED       STATUS       ${'PORTS'.padEnd(ports.length)}   NAMES\n` +
      `0123456789ab   busybox:1.36   "sh -c 'echo hello w…"   2 hours ago   Up 2 hours   ${ports}   web\n`,
  );
});

test('formats: a template, a table of a template, labels and JSON', () => {
  const list = (format: string) => renderListing(CONTAINER_LISTING, format, rows([WEB]));
  assert.equal(list('{{.Names}}\\t{{.Label "a"}} {{.Labels}}'), 'web\t1 a=1,b=2\n');
  assert.equal(list('table {{.Names}}\\t{{upper .State}}'), 'NAMES     STATE\nweb       RUNNING\n');
  assert.equal(JSON.parse(list('json')).ID, '0123456789ab');
  assert.equal(list('{{json .}}'), list('json'));
});

test("invalid formats are reported in docker's words", () => {
  const list = (format: string) => renderListing(CONTAINER_LISTING, format, rows([WEB]));
  assert.throws(() => list('{{.Foo}}'), {
    message:
      'failed to execute template: template: :1:2: executing "" at <.Foo>: ' +
      "can't evaluate field Foo in type *formatter.ContainerContext",
  });
  assert.throws(() => list('{{'), { message: 'failed to parse template: template: :1: unclosed action' });
});

test('an image has a row for each of its names, or one without', () => {
  const image: ImageSummary = {
    Id: `sha256:${'a'.repeat(64)}`,
    ParentId: '',
    RepoTags: ['busybox:1.36', 'localhost:5000/b:latest'],
    RepoDigests: [],
    Created: SECONDS - 86_400 * 40,
    Size: 4_261_550,
    SharedSize: -1,
    Labels: null,
    Containers: -1,
  };
  const unnamed = { ...image, Id: `sha256:${'b'.repeat(64)}`, RepoTags: [], Size: 123_456_789 };
  const options = { truncate: true, digests: false, now: NOW };
  assert.equal(
    renderListing(
      IMAGE_LISTING,
      '',
      [image, unnamed].flatMap((one) => imageFields(one, options)),
    ),
    [
      'REPOSITORY         TAG       IMAGE ID       CREATED       SIZE',
      'busybox            1.36      aaaaaaaaaaaa   5 weeks ago   4.26MB',
      'localhost:5000/b   latest    aaaaaaaaaaaa   5 weeks ago   4.26MB',
      '<none>             <none>    bbbbbbbbbbbb   5 weeks ago   123MB\n',
    ].join('\n'),
  );
});
