import { alias, type CatalogEntry, group, unsupported, verb } from './catalog-entry.ts';

const attach = verb('Connect your terminal to a running container', () => import('./commands/attach.ts'));
const bootstrap = verb(
  'Create a base image from this machine, without a registry',
  () => import('./commands/bootstrap.ts'),
);
const build = verb('Build an image from a Dockerfile', () => import('./commands/build.ts'));
const commit = verb("Create an image from a container's changes", () => import('./commands/commit.ts'));
const completion = verb('Print a completion script for a shell', () => import('./commands/completion.ts'));
const cp = verb('Copy files between a container and the local file system', () => import('./commands/cp.ts'));
const create = verb('Create a container without starting it', () => import('./commands/create.ts'));
const diff = verb('List changes in the file system of a container', () => import('./commands/diff.ts'));
const events = verb("Show the daemon's events as they occur", () => import('./commands/events.ts'));
const exec = verb('Run a command inside a running container', () => import('./commands/exec.ts'));
const exportContainer = verb(
  'Export the file system of a container as a tar',
  () => import('./commands/export.ts'),
);
const history = verb('Show the steps that created an image', () => import('./commands/history.ts'));
const images = verb('List images', () => import('./commands/images.ts'));
const importImage = verb('Create an image from a tar of a file system', () => import('./commands/import.ts'));
const info = verb('Show information about the daemon and its host', () => import('./commands/info.ts'));
const inspect = verb('Show details of objects', () => import('./commands/inspect.ts'));
const kill = verb('Send a signal to running containers', () => import('./commands/kill.ts'));
const load = verb('Load images from a tar', () => import('./commands/load.ts'));
const login = verb('Log in to a registry', () => import('./commands/login.ts'));
const logout = verb('Log out of a registry', () => import('./commands/logout.ts'));
const logs = verb('Show the output of a container', () => import('./commands/logs.ts'));
const pause = verb('Pause all processes of containers', () => import('./commands/pause.ts'));
const port = verb('Show the published ports of a container', () => import('./commands/port.ts'));
const ps = verb('List containers', () => import('./commands/ps.ts'));
const pull = verb('Pull an image from a registry', () => import('./commands/pull.ts'));
const push = verb('Push an image to a registry', () => import('./commands/push.ts'));
const rename = verb('Rename a container', () => import('./commands/rename.ts'));
const restart = verb('Restart containers', () => import('./commands/restart.ts'));
const rm = verb('Remove containers', () => import('./commands/rm.ts'));
const rmi = verb('Remove images', () => import('./commands/rmi.ts'));
const run = verb('Create a container from an image and run it', () => import('./commands/run.ts'));
const save = verb('Save images as a tar', () => import('./commands/save.ts'));
const search = verb('Search a registry for images', () => import('./commands/search.ts'));
const start = verb('Start stopped containers', () => import('./commands/start.ts'));
const stats = verb('Show the resource usage of containers', () => import('./commands/stats.ts'));
const stop = verb('Stop running containers', () => import('./commands/stop.ts'));
const tag = verb('Add a name to an image', () => import('./commands/tag.ts'));
const top = verb('List the processes of a container', () => import('./commands/top.ts'));
const unpause = verb('Resume paused containers', () => import('./commands/unpause.ts'));
const update = verb('Change the limits of containers', () => import('./commands/update.ts'));
const version = verb('Show the versions of client and daemon', () => import('./commands/version.ts'));
const wait = verb(
  'Wait for containers to exit and print their exit codes',
  () => import('./commands/wait.ts'),
);

const builder = group('Manage builds', {
  build,
  du: verb('List the build cache', () => import('./commands/builder-du.ts')),
  prune: verb('Remove build cache', () => import('./commands/builder-prune.ts')),
});

const builds = group('Manage the history of builds', {
  inspect: verb('Show details of a build', () => import('./commands/builds-inspect.ts')),
  logs: verb('Show the output of a build', () => import('./commands/builds-logs.ts')),
  ls: verb('List recent builds', () => import('./commands/builds-ls.ts')),
  rm: verb('Remove builds from the history', () => import('./commands/builds-rm.ts')),
});

const container = group('Manage containers', {
  attach,
  commit,
  cp,
  create,
  diff,
  exec,
  export: exportContainer,
  inspect: verb('Show details of containers', () => import('./commands/container-inspect.ts')),
  kill,
  list: alias(ps),
  logs,
  ls: ps,
  pause,
  port,
  prune: verb('Remove all stopped containers', () => import('./commands/container-prune.ts')),
  ps: alias(ps),
  remove: alias(rm),
  rename,
  restart,
  rm,
  run,
  start,
  stats,
  stop,
  top,
  unpause,
  update,
  wait,
});

const contextLs = verb('List contexts', () => import('./commands/context-ls.ts'));
const contextRm = verb('Remove contexts', () => import('./commands/context-rm.ts'));
const context = group('Manage contexts, which are named daemons', {
  create: verb('Create a context', () => import('./commands/context-create.ts')),
  export: verb('Export a context to a file', () => import('./commands/context-export.ts')),
  import: verb('Import a context from a file', () => import('./commands/context-import.ts')),
  inspect: verb('Show details of contexts', () => import('./commands/context-inspect.ts')),
  list: alias(contextLs),
  ls: contextLs,
  remove: alias(contextRm),
  rm: contextRm,
  show: verb('Print the name of the current context', () => import('./commands/context-show.ts')),
  update: verb('Change a context', () => import('./commands/context-update.ts')),
  use: verb('Set the current context', () => import('./commands/context-use.ts')),
});

const image = group('Manage images', {
  bootstrap,
  build,
  history,
  import: importImage,
  inspect: verb('Show details of images', () => import('./commands/image-inspect.ts')),
  list: alias(images),
  load,
  ls: images,
  prune: verb('Remove unused images', () => import('./commands/image-prune.ts')),
  pull,
  push,
  remove: alias(rmi),
  rm: rmi,
  save,
  tag,
});

const manifest = group('Manage manifest lists, for images of several platforms', {
  annotate: verb(
    'Set the platform of an image in a manifest list',
    () => import('./commands/manifest-annotate.ts'),
  ),
  create: verb(
    'Create a manifest list from images of a registry',
    () => import('./commands/manifest-create.ts'),
  ),
  inspect: verb(
    'Show a manifest list, or a manifest of a registry',
    () => import('./commands/manifest-inspect.ts'),
  ),
  push: verb('Push a manifest list to its registry', () => import('./commands/manifest-push.ts')),
  rm: verb('Remove manifest lists', () => import('./commands/manifest-rm.ts')),
});

const networkLs = verb('List networks', () => import('./commands/network-ls.ts'));
const networkRm = verb('Remove networks', () => import('./commands/network-rm.ts'));
const network = group('Manage networks', {
  connect: verb('Connect a container to a network', () => import('./commands/network-connect.ts')),
  create: verb('Create a network', () => import('./commands/network-create.ts')),
  disconnect: verb('Disconnect a container from a network', () => import('./commands/network-disconnect.ts')),
  inspect: verb('Show details of networks', () => import('./commands/network-inspect.ts')),
  list: alias(networkLs),
  ls: networkLs,
  prune: verb('Remove unused networks', () => import('./commands/network-prune.ts')),
  remove: alias(networkRm),
  rm: networkRm,
});

const volumeLs = verb('List volumes', () => import('./commands/volume-ls.ts'));
const volumeRm = verb('Remove volumes that no container uses', () => import('./commands/volume-rm.ts'));
const volume = group('Manage volumes', {
  clone: verb('Create a copy of a volume', () => import('./commands/volume-clone.ts')),
  create: verb('Create a volume', () => import('./commands/volume-create.ts')),
  export: verb('Export the content of a volume as a tar', () => import('./commands/volume-export.ts')),
  import: verb('Import the content of a tar into a volume', () => import('./commands/volume-import.ts')),
  inspect: verb('Show details of volumes', () => import('./commands/volume-inspect.ts')),
  list: alias(volumeLs),
  ls: volumeLs,
  prune: verb('Remove unused volumes', () => import('./commands/volume-prune.ts')),
  remove: alias(volumeRm),
  rm: volumeRm,
  update: unsupported('only cluster volumes can be changed, and Barge has none'),
});

const prune = verb('Remove unused data', () => import('./commands/system-prune.ts'));
const system = group('Manage the daemon', {
  check: verb('Check the stored data against the database', () => import('./commands/system-check.ts')),
  df: verb('Show disk usage', () => import('./commands/system-df.ts')),
  'dial-stdio': alias(
    verb('Join the standard streams to the daemon', () => import('./commands/system-dial-stdio.ts')),
  ),
  events,
  info,
  prune,
});

const NO_SWARM = unsupported('Barge runs the containers of a single machine and has no swarm mode');

/** The commands that help lists first. */
export const COMMON = [
  'run',
  'exec',
  'ps',
  'build',
  'pull',
  'push',
  'images',
  'bootstrap',
  'login',
  'logout',
  'search',
  'version',
  'info',
];

/** Every command and group by its name at the top level. */
export const CATALOG: Readonly<Record<string, CatalogEntry>> = {
  attach,
  bootstrap,
  build,
  builder,
  builds,
  checkpoint: unsupported('Barge does not support checkpoints of running containers'),
  commit,
  completion,
  config: NO_SWARM,
  container,
  context,
  cp,
  create,
  diff,
  events,
  exec,
  export: exportContainer,
  history,
  image,
  images,
  import: importImage,
  info,
  inspect,
  kill,
  load,
  login,
  logout,
  logs,
  manifest,
  network,
  node: NO_SWARM,
  pause,
  plugin: unsupported('Barge has no plugins; volumes, networks and log drivers are built in'),
  port,
  prune,
  ps,
  pull,
  push,
  rename,
  restart,
  rm,
  rmi,
  run,
  save,
  search,
  secret: NO_SWARM,
  service: NO_SWARM,
  stack: NO_SWARM,
  start,
  stats,
  stop,
  swarm: NO_SWARM,
  system,
  tag,
  top,
  trust: unsupported('Barge has no signing keys; images are verified by their digests'),
  unpause,
  update,
  version,
  volume,
  wait,
};
