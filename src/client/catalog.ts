import { alias, type CatalogEntry, group, unsupported, verb } from './catalog-entry.ts';

const attach = verb('Connect your terminal to a running container', () => import('./commands/attach.ts'));
const bootstrap = verb(
  'Make a base image from this machine, without a registry',
  () => import('./commands/bootstrap.ts'),
);
const build = verb('Turn a Dockerfile and its context into an image', () => import('./commands/build.ts'));
const commit = verb("Keep a container's changes as a new image", () => import('./commands/commit.ts'));
const completion = verb('Print a completion script for a shell', () => import('./commands/completion.ts'));
const cp = verb('Copy files between a container and this machine', () => import('./commands/cp.ts'));
const create = verb('Make a container without starting it', () => import('./commands/create.ts'));
const diff = verb('List what changed in the file system of a container', () => import('./commands/diff.ts'));
const events = verb('Follow what happens in the daemon', () => import('./commands/events.ts'));
const exec = verb('Run a command inside a running container', () => import('./commands/exec.ts'));
const exportContainer = verb(
  'Write the file system of a container as a tar',
  () => import('./commands/export.ts'),
);
const history = verb('Show the steps that made an image', () => import('./commands/history.ts'));
const images = verb('List images', () => import('./commands/images.ts'));
const importImage = verb('Make an image from a tar of a file system', () => import('./commands/import.ts'));
const info = verb('Show facts about the daemon and its host', () => import('./commands/info.ts'));
const inspect = verb('Show everything known about objects', () => import('./commands/inspect.ts'));
const kill = verb('Send a signal to running containers', () => import('./commands/kill.ts'));
const load = verb('Read images from a tar', () => import('./commands/load.ts'));
const login = verb('Sign in to a registry', () => import('./commands/login.ts'));
const logout = verb('Forget the sign-in of a registry', () => import('./commands/logout.ts'));
const logs = verb('Show what a container has written', () => import('./commands/logs.ts'));
const pause = verb('Freeze the processes of containers', () => import('./commands/pause.ts'));
const port = verb('Show the published ports of a container', () => import('./commands/port.ts'));
const ps = verb('List containers', () => import('./commands/ps.ts'));
const pull = verb('Fetch an image from a registry', () => import('./commands/pull.ts'));
const push = verb('Send an image to a registry', () => import('./commands/push.ts'));
const rename = verb('Give a container another name', () => import('./commands/rename.ts'));
const restart = verb('Stop containers and start them again', () => import('./commands/restart.ts'));
const rm = verb('Remove containers', () => import('./commands/rm.ts'));
const rmi = verb('Remove images', () => import('./commands/rmi.ts'));
const run = verb('Make a container from an image and run it', () => import('./commands/run.ts'));
const save = verb('Write images as a tar', () => import('./commands/save.ts'));
const search = verb('Look for images in a registry', () => import('./commands/search.ts'));
const start = verb('Start containers that are stopped', () => import('./commands/start.ts'));
const stats = verb('Show what containers use', () => import('./commands/stats.ts'));
const stop = verb('Stop running containers', () => import('./commands/stop.ts'));
const tag = verb('Give an image one more name', () => import('./commands/tag.ts'));
const top = verb('List the processes of a container', () => import('./commands/top.ts'));
const unpause = verb('Let frozen containers run on', () => import('./commands/unpause.ts'));
const update = verb('Change the limits of containers', () => import('./commands/update.ts'));
const version = verb('Show the versions of client and daemon', () => import('./commands/version.ts'));
const wait = verb(
  'Wait for containers to end and print their exit codes',
  () => import('./commands/wait.ts'),
);

const builder = group('Manage builds', {
  build,
  du: verb('List the build cache', () => import('./commands/builder-du.ts')),
  prune: verb('Remove build cache', () => import('./commands/builder-prune.ts')),
});

const builds = group('Look back at builds', {
  inspect: verb('Show what a build was', () => import('./commands/builds-inspect.ts')),
  logs: verb('Show what a build said', () => import('./commands/builds-logs.ts')),
  ls: verb('List the builds of late', () => import('./commands/builds-ls.ts')),
  rm: verb('Forget builds', () => import('./commands/builds-rm.ts')),
});

const container = group('Manage containers', {
  attach,
  commit,
  cp,
  create,
  diff,
  exec,
  export: exportContainer,
  inspect: verb('Show everything known about containers', () => import('./commands/container-inspect.ts')),
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
const context = group('Manage contexts: daemons by name', {
  create: verb('Make a context', () => import('./commands/context-create.ts')),
  export: verb('Write a context to a file', () => import('./commands/context-export.ts')),
  import: verb('Make a context from a file', () => import('./commands/context-import.ts')),
  inspect: verb('Show everything known about contexts', () => import('./commands/context-inspect.ts')),
  list: alias(contextLs),
  ls: contextLs,
  remove: alias(contextRm),
  rm: contextRm,
  show: verb('Print the name of the current context', () => import('./commands/context-show.ts')),
  update: verb('Change a context', () => import('./commands/context-update.ts')),
  use: verb('Make a context the current one', () => import('./commands/context-use.ts')),
});

const image = group('Manage images', {
  bootstrap,
  build,
  history,
  import: importImage,
  inspect: verb('Show everything known about images', () => import('./commands/image-inspect.ts')),
  list: alias(images),
  load,
  ls: images,
  prune: verb('Remove images that nothing uses', () => import('./commands/image-prune.ts')),
  pull,
  push,
  remove: alias(rmi),
  rm: rmi,
  save,
  tag,
});

const manifest = group('Manage lists of images for several platforms', {
  annotate: verb(
    'Say which platform an image of a list is for',
    () => import('./commands/manifest-annotate.ts'),
  ),
  create: verb('Make a list of images of a registry', () => import('./commands/manifest-create.ts')),
  inspect: verb('Show a list, or a manifest of a registry', () => import('./commands/manifest-inspect.ts')),
  push: verb('Send a list to its registry', () => import('./commands/manifest-push.ts')),
  rm: verb('Forget lists', () => import('./commands/manifest-rm.ts')),
});

const networkLs = verb('List networks', () => import('./commands/network-ls.ts'));
const networkRm = verb('Remove networks', () => import('./commands/network-rm.ts'));
const network = group('Manage networks', {
  connect: verb('Put a container on a network', () => import('./commands/network-connect.ts')),
  create: verb('Make a network', () => import('./commands/network-create.ts')),
  disconnect: verb('Take a container off a network', () => import('./commands/network-disconnect.ts')),
  inspect: verb('Show everything known about networks', () => import('./commands/network-inspect.ts')),
  list: alias(networkLs),
  ls: networkLs,
  prune: verb('Remove networks that nothing uses', () => import('./commands/network-prune.ts')),
  remove: alias(networkRm),
  rm: networkRm,
});

const volumeLs = verb('List volumes', () => import('./commands/volume-ls.ts'));
const volumeRm = verb('Remove volumes that no container uses', () => import('./commands/volume-rm.ts'));
const volume = group('Manage volumes', {
  clone: verb('Make a volume that has what another has', () => import('./commands/volume-clone.ts')),
  create: verb('Make a volume', () => import('./commands/volume-create.ts')),
  export: verb('Save the content of a volume as a tar', () => import('./commands/volume-export.ts')),
  import: verb('Fill a volume with the content of a tar', () => import('./commands/volume-import.ts')),
  inspect: verb('Show everything known about volumes', () => import('./commands/volume-inspect.ts')),
  list: alias(volumeLs),
  ls: volumeLs,
  prune: verb('Remove volumes that nothing uses', () => import('./commands/volume-prune.ts')),
  remove: alias(volumeRm),
  rm: volumeRm,
  update: unsupported('only volumes of a cluster can be changed, and Barge has none'),
});

const prune = verb('Remove everything that nothing uses', () => import('./commands/system-prune.ts'));
const system = group('Manage the daemon', {
  check: verb('Hold what is stored against the database', () => import('./commands/system-check.ts')),
  df: verb('Show what takes space on the disk', () => import('./commands/system-df.ts')),
  'dial-stdio': alias(
    verb('Join the standard streams to the daemon', () => import('./commands/system-dial-stdio.ts')),
  ),
  events,
  info,
  prune,
});

const NO_SWARM = unsupported('Barge runs the containers of a single machine and has no swarm mode');

/** The commands that help puts first. */
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
  checkpoint: unsupported('Barge keeps no checkpoints of running containers'),
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
  trust: unsupported('Barge keeps no signing keys of its own; images are verified by their digests'),
  unpause,
  update,
  version,
  volume,
  wait,
};
