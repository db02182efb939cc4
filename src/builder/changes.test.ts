import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyChanges } from './changes.ts';

test('instructions change only the members that they name', async () => {
  const before = { User: 'me', Env: ['A=1'], Cmd: ['old'], Labels: { kept: 'yes' }, WorkingDir: '/srv' };
  const after = await applyChanges(before, [
    'ENV B=$A-2',
    'CMD ["new", "one"]\nLABEL added=true',
    'EXPOSE 80 53/udp',
    'WORKDIR deep',
    'VOLUME /data',
  ]);
  assert.deepEqual(after, {
    User: 'me',
    Env: ['A=1', 'B=1-2'],
    Cmd: ['new', 'one'],
    Labels: { kept: 'yes', added: 'true' },
    ExposedPorts: { '80/tcp': {}, '53/udp': {} },
    WorkingDir: '/srv/deep',
    Volumes: { '/data': {} },
  });
  assert.equal(await applyChanges(before, []), before);
});

test('an entry point resets the command, which belonged to another one', async () => {
  const after = await applyChanges({ Cmd: ['old'] }, ['ENTRYPOINT ["top"]']);
  assert.deepEqual(after, { Cmd: null, Entrypoint: ['top'] });
});

test('instructions with files and malformed ones are rejected', async () => {
  await assert.rejects(applyChanges({}, ['RUN true']), /RUN is not a valid change command/);
  await assert.rejects(applyChanges({}, ['COPY a b']), /COPY is not a valid change command/);
  await assert.rejects(applyChanges({}, ['FROM x']), /FROM is not a valid change command/);
  await assert.rejects(applyChanges({}, ['CMDD ls']), /unknown instruction/i);
});
