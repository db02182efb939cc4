/** Bundles the three programs of src/bin/ into dist/: one file each, so that they start fast and stay small. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');

const COMMON = {
  bundle: true,
  platform: 'node',
  target: 'node26',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
} satisfies BuildOptions;

/** The sources' default path of the C helpers, which differs for a bundle. */
const HELPERS = 'process.env.BARGE_LIBEXEC??=import.meta.dirname+"/bin";';

/** CommonJS packages need `require`, which a module does not have. */
const REQUIRE = 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);';

/** The daemon and the registry run long: each is a module with readable stack traces. */
async function bundleServer(name: string): Promise<void> {
  const outfile = join(DIST, `${name}.mjs`);
  const fresh = `${outfile}.${process.pid}`;
  await build({
    ...COMMON,
    entryPoints: [join(ROOT, `src/bin/${name}.ts`)],
    outfile: fresh,
    format: 'esm',
    banner: { js: `${REQUIRE}${HELPERS}` },
  });
  renameSync(fresh, outfile);
}

/** The client starts often: a script inside a function, which `main.cjs` loads with its cached compiled code. */
async function bundleClient(): Promise<void> {
  const fresh = join(DIST, `client.${process.pid}`);
  mkdirSync(fresh);
  copyFileSync(join(import.meta.dirname, 'bundle/client-loader.cjs'), join(fresh, 'main.cjs'));
  await build({
    ...COMMON,
    entryPoints: [join(ROOT, 'src/bin/barge.ts')],
    outfile: join(fresh, 'bundle.js'),
    format: 'cjs',
    supported: { 'dynamic-import': false },
    banner: { js: '(function(require,module,exports,__filename,__dirname){' },
    footer: { js: '})' },
  });
  writeCodeCache(fresh);
  replaceDirectory(join(DIST, 'client'), fresh);
}

/** A `run` without a daemon executes most of the code that every command needs. */
function writeCodeCache(directory: string): void {
  const nowhere = `unix://${join(directory, 'no-such-socket')}`;
  const args = [join(directory, 'main.cjs'), '--host', nowhere, 'run', '--rm', 'busybox', 'true'];
  const { stderr } = spawnSync(process.execPath, args, {
    env: { ...process.env, BARGE_WRITE_CODE_CACHE: '1' },
    encoding: 'utf8',
  });
  if (!existsSync(join(directory, 'bundle.cache')))
    throw new Error(`the client did not write a code cache: ${stderr}`);
}

/** Code and cache change together: V8 does not detect a cache of another text with the same length. */
function replaceDirectory(directory: string, fresh: string): void {
  const old = `${fresh}.old`;
  if (existsSync(directory)) renameSync(directory, old);
  renameSync(fresh, directory);
  rmSync(old, { recursive: true, force: true });
}

mkdirSync(DIST, { recursive: true });
await Promise.all([bundleClient(), bundleServer('barged'), bundleServer('barge-registry')]);
