/* Loads the client's bundle with the code that V8 has compiled before; falls back to compiling when V8 refuses it
   (another V8, other flags). BARGE_WRITE_CODE_CACHE makes the cache of what this run used. */
'use strict';
const { readFileSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

const bundle = `${__dirname}/bundle.js`;
const cache = `${__dirname}/bundle.cache`;
const writing = process.env.BARGE_WRITE_CODE_CACHE !== undefined;

function cached() {
  try {
    return readFileSync(cache);
  } catch {
    return undefined;
  }
}

/* The bundle is ASCII: read as latin1, it stays one byte a character. */
const script = new Script(readFileSync(bundle, 'latin1'), {
  filename: bundle,
  cachedData: writing ? undefined : cached(),
});
if (writing) process.on('exit', () => writeFileSync(cache, script.createCachedData()));
script.runInThisContext()(require, module, exports, bundle, __dirname);
