/**
 * `kill -9` of the registry while images are pushed, deleted and collected: afterwards the check finds nothing, and
 * no image is lost that the registry has said to have. BARGE_REGISTRY_KILLS says how often (default 10).
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MEDIA_TYPE } from '../src/api/oci-image.ts';
import { type Digest, digestOf } from '../src/core/digest.ts';
import { openFileSystem } from '../src/registry/storage/file-system/open.ts';
import { descriptorOf, someBytes } from '../src/registry/testing/push.ts';
import { runRegistry, spawnRegistry } from '../src/registry/testing/registry-process.ts';
import { temporaryDirectory } from '../src/registry/testing/temporary-directory.ts';

const KILLS = Number(process.env.BARGE_REGISTRY_KILLS ?? 10);
const PUSHERS = 4;

interface Image {
  readonly repository: string;
  readonly tag: string;
  readonly digest: Digest;
  readonly blobs: readonly Digest[];
}

class Traffic {
  readonly #url: string;
  /** What the registry has said to have, and nobody has asked it to delete. */
  readonly acknowledged: Map<string, Image>;
  readonly #seed: string;
  #over = false;

  constructor(url: string, acknowledged: Map<string, Image>, seed: string) {
    this.#url = url;
    this.acknowledged = acknowledged;
    this.#seed = seed;
  }

  /** Until the registry is gone. */
  async run(): Promise<void> {
    const pushers = Array.from({ length: PUSHERS }, async (_, pusher) => {
      for (let i = 0; !this.#over; i++) {
        await this.#push(`team/app${pusher}`, `t${this.#seed}-${i}`, `${this.#seed} ${pusher} ${i}`);
        if (i % 3 === 2) await this.#deleteOne(`team/app${pusher}`, i % 2 === 0);
      }
    });
    await Promise.allSettled(pushers);
  }

  end(): void {
    this.#over = true;
  }

  async #push(repository: string, tag: string, seed: string): Promise<void> {
    const base = `${this.#url}/v2/${repository}`;
    const layers = [someBytes(20_000, `layer ${repository}`), someBytes(randomInt(300_000), seed)];
    const config = Buffer.from(JSON.stringify({ seed }));
    for (const blob of [config, ...layers]) await this.#pushBlob(base, blob);
    const manifest = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      config: descriptorOf(config, MEDIA_TYPE.ociConfig),
      layers: layers.map((layer) => descriptorOf(layer, MEDIA_TYPE.ociLayer)),
    };
    const body = JSON.stringify(manifest);
    const headers = { 'Content-Type': MEDIA_TYPE.ociManifest };
    const response = await fetch(`${base}/manifests/${tag}`, { method: 'PUT', body, headers });
    /* Collection may have taken a blob that was there already; then nothing was promised. */
    if (response.status === 400) return;
    assert.equal(response.status, 201, await response.text());
    const blobs = [config, ...layers].map((blob) => digestOf(blob));
    this.acknowledged.set(`${repository}:${tag}`, { repository, tag, digest: digestOf(body), blobs });
  }

  /** As docker does: only what is not there, in one chunk and an end. */
  async #pushBlob(base: string, bytes: Buffer): Promise<void> {
    const digest = digestOf(bytes);
    if ((await fetch(`${base}/blobs/${digest}`, { method: 'HEAD' })).status === 200) return;
    const started = await fetch(`${base}/blobs/uploads/`, { method: 'POST' });
    const location = `${this.#url}${started.headers.get('location')}`;
    await fetch(location, { method: 'PATCH', body: new Uint8Array(bytes) });
    const done = await fetch(`${location}?digest=${digest}`, { method: 'PUT' });
    assert.equal(done.status, 201, await done.text());
  }

  async #deleteOne(repository: string, byTag: boolean): Promise<void> {
    const image = [...this.acknowledged.values()].find((each) => each.repository === repository);
    if (!image) return;
    this.acknowledged.delete(`${repository}:${image.tag}`);
    await fetch(`${this.#url}/v2/${repository}/manifests/${byTag ? image.tag : image.digest}`, {
      method: 'DELETE',
    });
  }
}

test(`after ${KILLS} kills the store is whole and no image lost`, { timeout: KILLS * 30_000 }, async () => {
  await using directory = await temporaryDirectory();
  const acknowledged = new Map<string, Image>();
  for (let kill = 0; kill < KILLS; kill++) {
    const args = ['--data-root', directory.path, '--gc-grace', '1s', '--gc-untagged', '1s'];
    const registry = await spawnRegistry(args);
    const traffic = new Traffic(registry.url, acknowledged, String(kill));
    const running = traffic.run();
    const collecting = setInterval(() => registry.signal('SIGUSR2'), 40);
    await sleep(randomInt(100, 1200));
    clearInterval(collecting);
    await registry.stop('SIGKILL');
    traffic.end();
    await running;
    const storage = await openFileSystem(directory.path);
    const findings = await Array.fromAsync(storage.check({ deep: true }));
    assert.deepEqual(findings, [], `after kill ${kill + 1}`);
    for (const { repository, tag, digest, blobs } of acknowledged.values()) {
      assert.equal(
        await storage.tags.resolve(repository, tag),
        digest,
        `${repository}:${tag} after kill ${kill + 1}`,
      );
      assert.ok(await storage.manifests.find(repository, digest));
      for (const blob of blobs) assert.ok((await storage.blobs.size(repository, blob)) !== undefined);
    }
  }
  assert.ok(acknowledged.size > KILLS, `only ${acknowledged.size} images were pushed`);
  const { code, stdout } = await runRegistry(['check', '--deep', '--data-root', directory.path]);
  assert.deepEqual([code, stdout], [0, 'no problems found\n']);
});
