import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeApp } from './app.js';

test('notes are taken and listed', async () => {
  const app = makeApp();
  const made = await app.inject({ method: 'POST', url: '/notes', payload: { text: 'buy milk' } });
  assert.equal(made.statusCode, 201);
  const refused = await app.inject({ method: 'POST', url: '/notes', payload: {} });
  assert.equal(refused.statusCode, 400);
  const { body } = await app.inject({ method: 'GET', url: '/notes' });
  assert.deepEqual(JSON.parse(body), [{ id: 1, text: 'buy milk' }]);
});
