import type { ContainerDirectories } from '../../container/directories.ts';
import type { ContainerStore } from '../../container/store.ts';
import { digestOf } from '../../core/digest.ts';
import { messageOf } from '../../core/errors.ts';
import type { ImageStore } from '../../image/images.ts';
import type { LayerStore } from '../../image/layers.ts';
import type { Database } from '../../store/database.ts';
import { type CheckedStores, isThere, layerProblems, type Problem } from './layers.ts';

interface CheckOptions {
  /** Read and hash everything. */
  readonly deep: boolean;
  readonly repair: boolean;
  readonly signal: AbortSignal;
}

/** A problem as it is told. */
interface Finding {
  readonly Kind: string;
  readonly Object: string;
  readonly Detail: string;
  readonly Repaired: boolean;
}

interface CheckReport {
  /** How many were looked at. */
  readonly Checked: { readonly Containers: number; readonly Images: number; readonly Layers: number };
  readonly Problems: readonly Finding[];
}

interface ImageCheckContext {
  readonly images: Pick<ImageStore, 'list'>;
  readonly layers: Pick<LayerStore, 'get'>;
}

interface ContainerCheckContext {
  readonly containers: Pick<ContainerStore, 'has' | 'list'>;
  readonly layers: Pick<LayerStore, 'get'>;
  readonly runner: { directories(id: string): Pick<ContainerDirectories, 'upper'> };
}

interface DatabaseCheckContext {
  readonly db: Pick<Database, 'all'>;
}

type CheckContext = CheckedStores & ImageCheckContext & ContainerCheckContext & DatabaseCheckContext;

/** Holds the database against what lies on the disk, beside everything else that goes on. */
export async function checkStore(ctx: CheckContext, options: CheckOptions): Promise<CheckReport> {
  const Problems: Finding[] = [];
  for await (const problem of problemsOf(ctx, options)) Problems.push(await told(problem, options.repair));
  return {
    Checked: {
      Containers: ctx.containers.list().length,
      Images: ctx.images.list().length,
      Layers: ctx.layers.all().length,
    },
    Problems,
  };
}

async function told({ kind, object, detail, repair }: Problem, repairs: boolean): Promise<Finding> {
  const finding = { Kind: kind, Object: object, Detail: detail, Repaired: false };
  if (!repairs || !repair) return finding;
  try {
    await repair();
    return { ...finding, Repaired: true };
  } catch (error) {
    return { ...finding, Detail: `${detail}; repairing it failed: ${messageOf(error)}` };
  }
}

async function* problemsOf(ctx: CheckContext, { deep, signal }: CheckOptions): AsyncGenerator<Problem> {
  yield* databaseProblems(ctx, deep);
  yield* layerProblems(ctx, deep, signal);
  yield* imageProblems(ctx);
  yield* containerProblems(ctx);
}

function* databaseProblems({ db }: DatabaseCheckContext, deep: boolean): Generator<Problem> {
  const rows = db.all<Record<string, string>>(deep ? 'PRAGMA integrity_check' : 'PRAGMA quick_check');
  for (const detail of rows.flatMap((row) => Object.values(row))) {
    if (detail !== 'ok') yield { kind: 'broken database', object: 'barge.db', detail };
  }
  for (const { table } of db.all<{ table: string }>('PRAGMA foreign_key_check')) {
    yield { kind: 'broken database', object: table, detail: 'a row names something that is not there' };
  }
}

function* imageProblems({ images, layers }: ImageCheckContext): Generator<Problem> {
  for (const { id, config, configBytes } of images.list()) {
    if (digestOf(configBytes) !== id)
      yield { kind: 'broken image', object: id, detail: 'its configuration has changed' };
    for (const diffId of config.rootfs.diff_ids) {
      if (!layers.get(diffId))
        yield { kind: 'broken image', object: id, detail: `its layer ${diffId} is missing` };
    }
  }
}

async function* containerProblems({
  containers,
  layers,
  runner,
}: ContainerCheckContext): AsyncGenerator<Problem> {
  for (const { definition, state } of containers.list()) {
    if (state.status === 'removing') continue;
    for (const diffId of definition.layers) {
      if (!layers.get(diffId))
        yield { kind: 'broken container', object: definition.id, detail: `its layer ${diffId} is missing` };
    }
    const { upper } = runner.directories(definition.id);
    if (!(await isThere(upper)) && containers.has(definition.id))
      yield { kind: 'broken container', object: definition.id, detail: `its directory ${upper} is missing` };
  }
}
