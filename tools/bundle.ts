/** Makes the three programs in dist/ out of src/bin/: one file each, so that they start fast and stay small. */
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

/** Where the sources look for the C helpers when the environment does not say; a bundle lies elsewhere. */
const HELPERS = 'process.env.BARGE_LIBEXEC??=import.meta.dirname+"/bin";';

/** Packages in CommonJS ask for `require`, which a module does not have. */
const REQUIRE = 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);';

/** The daemon and the registry run long: a module each, readable in a stack trace. */
async function bundleServer(name: string): Promise<void> {
  await build({
    ...COMMON,
    entryPoints: [join(ROOT, `src/bin/${name}.ts`)],
    outfile: join(DIST, `${name}.mjs`),
    format: 'esm',
    banner: { js: `${REQUIRE}${HELPERS}` },
  });
}

/** The client starts often: a script inside a function, which `client-loader.cjs` loads with compiled code. */
async function bundleClient(): Promise<void> {
  const folder = join(DIST, 'client');
  const fresh = join(DIST, 'client.tmp');
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  await build({
    ...COMMON,
    entryPoints: [join(ROOT, 'src/bin/barge.ts')],
    outfile: join(fresh, 'bundle.js'),
    format: 'cjs',
    supported: { 'dynamic-import': false },
    banner: { js: '(function(require,module,exports,__filename,__dirname){' },
    footer: { js: '})' },
  });
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
  copyFileSync(join(import.meta.dirname, 'bundle/client-loader.cjs'), join(DIST, 'barge.cjs'));
  writeCodeCache();
}

/** A `run` that finds no daemon goes through most of what every command needs. */
function writeCodeCache(): void {
  const nowhere = `unix://${join(DIST, 'no-such-socket')}`;
  const args = [join(DIST, 'barge.cjs'), '--host', nowhere, 'run', '--rm', 'busybox', 'true'];
  const { stderr } = spawnSync(process.execPath, args, {
    env: { ...process.env, BARGE_WRITE_CODE_CACHE: '1' },
    encoding: 'utf8',
  });
  if (!existsSync(join(DIST, 'client/bundle.cache')))
    throw new Error(`the client wrote no code cache: ${stderr}`);
}

mkdirSync(DIST, { recursive: true });
await Promise.all([bundleClient(), bundleServer('barged'), bundleServer('barge-registry')]);
