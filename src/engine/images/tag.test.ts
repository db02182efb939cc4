import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Digest } from '../../core/digest.ts';
import { notFound } from '../../core/errors.ts';
import { familiarString, type Reference } from '../../core/reference.ts';
import type { Image } from '../../image/images.ts';
import { type TagContext, tagImage } from './tag.ts';

const ID = `sha256:${'ab'.repeat(32)}` as Digest;
const INDEX = `sha256:${'cd'.repeat(32)}` as Digest;

/** One image, named `app:1`, whose tag stands for an index. */
function context() {
  const tags: [string, Digest | undefined][] = [];
  const events: string[] = [];
  const ctx: TagContext = {
    images: {
      find: (ref) => {
        if (ref !== 'app:1' && !ID.includes(ref)) throw notFound(`No such image: ${ref}`);
        return { id: ID, config: { config: {} } } as Image;
      },
      target: (reference: Reference) =>
        familiarString(reference) === 'app:1' ? { digest: INDEX } : undefined,
      tag: (reference, _id, target) => tags.push([familiarString(reference), target]),
    },
    events: { emit: (kind, action, actor) => events.push(`${kind} ${action} ${actor}`) },
  };
  return { ctx, tags, events };
}

test('a tag created from a name has the same target as the name, one created from an id stands for the image', () => {
  const { ctx, tags, events } = context();
  tagImage(ctx, 'app:1', 'registry.test/app', '2');
  tagImage(ctx, ID, 'app', '');
  tagImage(ctx, 'abab', 'app:3', '');
  assert.deepEqual(tags, [
    ['registry.test/app:2', INDEX],
    ['app:latest', undefined],
    ['app:3', undefined],
  ]);
  assert.deepEqual(events, [`image tag ${ID}`, `image tag ${ID}`, `image tag ${ID}`]);
});

test('an invalid name is rejected, and nothing is tagged', () => {
  const { ctx, tags, events } = context();
  for (const [repository, tag, message] of [
    [`app@${INDEX}`, '', /digest reference/],
    ['sha256', '1', /ambiguous tag/],
    ['UPPER', '', /must be lowercase/],
    ['app', 'b a d', /invalid reference format/],
  ] as const) {
    assert.throws(() => tagImage(ctx, 'app:1', repository, tag), { kind: 'invalid-parameter', message });
  }
  assert.throws(() => tagImage(ctx, 'nothing', 'app', ''), { kind: 'not-found' });
  assert.deepEqual([tags, events], [[], []]);
});
