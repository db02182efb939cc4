/** What a setting's value is: `list` may be given several times; `map` is `key=value`, several times; `json` is in the file only. */
type Kind = 'text' | 'list' | 'flag' | 'number' | 'map' | 'json';

export interface Setting {
  /** Name on the command line; in daemon.json too, unless `key` says otherwise. */
  readonly name: string;
  readonly kind: Kind;
  readonly short?: string;
  /** Name in daemon.json; false: not there. */
  readonly key?: string | false;
  /** What stands for the value in the help, and what the setting does. */
  readonly value?: string;
  readonly help?: string;
  /** Why Barge cannot do it: whoever sets it is told, and nothing starts. */
  readonly refused?: string;
  /** Why it has no effect: told in the log when it is set. */
  readonly idle?: string;
}

const NO_SWARM = 'Barge has no swarm';
const OWN_STORE = 'Barge keeps images itself and needs no containerd';

/** Every setting of dockerd, and none besides: honoured, without effect for a reason, or refused for a reason. */
export const SETTINGS: readonly Setting[] = [
  {
    name: 'add-runtime',
    kind: 'map',
    key: false,
    value: 'NAME=PATH',
    help: 'A further OCI runtime; several times',
  },
  { name: 'runtimes', kind: 'json' },
  {
    name: 'allow-direct-routing',
    kind: 'flag',
    help: 'Let other hosts reach container addresses without published ports',
  },
  {
    name: 'allow-nondistributable-artifacts',
    kind: 'list',
    refused: 'layers are pushed wherever an image is pushed',
  },
  { name: 'api-cors-header', kind: 'text', refused: 'docker removed it: put a proxy in front of the API' },
  {
    name: 'authorization-plugin',
    kind: 'list',
    key: 'authorization-plugins',
    refused: 'Barge has no plugins: use --tlsverify, or a group for the socket',
  },
  { name: 'bip', kind: 'text', value: 'CIDR', help: 'Address and prefix of the default bridge' },
  { name: 'bip6', kind: 'text', value: 'CIDR', help: 'IPv6 address and prefix of the default bridge' },
  {
    name: 'bridge',
    short: 'b',
    kind: 'text',
    value: 'NAME',
    help: 'Linux bridge of the default network ("none": no default network)',
  },
  {
    name: 'bridge-accept-fwmark',
    kind: 'text',
    refused: 'add a rule of your own to the chain for users instead (docs/NETWORKING.md)',
  },
  { name: 'builder', kind: 'json' },
  {
    name: 'cdi-spec-dir',
    key: 'cdi-spec-dirs',
    kind: 'list',
    value: 'DIR',
    help: 'Directory with CDI specifications; several times',
  },
  { name: 'cgroup-parent', kind: 'text', value: 'PATH', help: 'Cgroup below which those of containers are' },
  { name: 'config-file', kind: 'text', key: false, value: 'PATH', help: 'Settings as JSON' },
  { name: 'containerd', kind: 'text', idle: OWN_STORE },
  { name: 'containerd-namespace', kind: 'text', idle: OWN_STORE },
  { name: 'containerd-plugins-namespace', kind: 'text', key: 'containerd-plugin-namespace', idle: OWN_STORE },
  { name: 'cpu-rt-period', kind: 'number', refused: 'set cpu.rt_period_us of the parent cgroup yourself' },
  { name: 'cpu-rt-runtime', kind: 'number', refused: 'set cpu.rt_runtime_us of the parent cgroup yourself' },
  { name: 'cri-containerd', kind: 'flag', refused: OWN_STORE },
  { name: 'data-root', kind: 'text', value: 'DIR', help: 'Images, containers, volumes' },
  { name: 'debug', short: 'D', kind: 'flag', help: 'The same as --log-level debug' },
  {
    name: 'default-address-pool',
    key: 'default-address-pools',
    kind: 'list',
    value: 'base=CIDR,size=N',
    help: 'Where new networks get their subnets from; several times',
  },
  {
    name: 'default-cgroupns-mode',
    kind: 'text',
    value: 'MODE',
    help: 'Cgroup namespace of containers: host or private',
  },
  { name: 'default-gateway', kind: 'text', value: 'IP', help: 'Gateway of the default network' },
  { name: 'default-gateway-v6', kind: 'text', value: 'IP', help: 'IPv6 gateway of the default network' },
  { name: 'default-ipc-mode', kind: 'text', value: 'MODE', help: 'IPC of containers: private or shareable' },
  {
    name: 'default-network-opt',
    key: 'default-network-opts',
    kind: 'map',
    value: 'DRIVER=KEY=VALUE',
    help: 'Option of new networks of a driver; several times',
  },
  { name: 'default-runtime', kind: 'text', value: 'NAME', help: 'OCI runtime of containers that name none' },
  { name: 'default-shm-size', kind: 'text', value: 'BYTES', help: 'Size of /dev/shm in containers' },
  {
    name: 'default-ulimit',
    key: 'default-ulimits',
    kind: 'map',
    value: 'NAME=SOFT:HARD',
    help: 'Limit of containers; several times',
  },
  { name: 'dns', kind: 'list', value: 'IP', help: 'DNS server of containers; several times' },
  { name: 'dns-opt', key: 'dns-opts', kind: 'list', value: 'OPTION', help: 'DNS option of containers' },
  { name: 'dns-search', kind: 'list', value: 'DOMAIN', help: 'DNS search domain of containers' },
  {
    name: 'exec-opt',
    key: 'exec-opts',
    kind: 'list',
    value: 'KEY=VALUE',
    help: 'native.cgroupdriver=cgroupfs is the only one',
  },
  { name: 'exec-root', kind: 'text', value: 'DIR', help: 'Run-time state' },
  { name: 'experimental', kind: 'flag', help: 'Shown by version and info' },
  {
    name: 'feature',
    key: 'features',
    kind: 'map',
    value: 'NAME=BOOL',
    help: 'cdi is the only one that can be switched',
  },
  {
    name: 'firewall-backend',
    kind: 'text',
    value: 'NAME',
    help: 'nftables is the only one',
  },
  { name: 'fixed-cidr', kind: 'text', value: 'CIDR', help: 'Part of the default subnet for containers' },
  { name: 'fixed-cidr-v6', kind: 'text', value: 'CIDR', help: 'IPv6 subnet of the default network' },
  { name: 'group', short: 'G', kind: 'text', value: 'NAME', help: 'Group that may use the unix socket' },
  { name: 'help', short: 'h', kind: 'flag', key: false, help: 'This text' },
  {
    name: 'host',
    short: 'H',
    key: 'hosts',
    kind: 'list',
    value: 'ADDRESS',
    help: 'unix://PATH, tcp://HOST:PORT or fd:// (systemd) to listen on; several times',
  },
  {
    name: 'host-gateway-ip',
    key: 'host-gateway-ips',
    kind: 'list',
    value: 'IP',
    help: 'What host-gateway means in --add-host',
  },
  { name: 'http-proxy', kind: 'text', key: false, value: 'URL', help: 'Proxy to registries over HTTP' },
  { name: 'https-proxy', kind: 'text', key: false, value: 'URL', help: 'Proxy to registries over HTTPS' },
  { name: 'proxies', kind: 'json' },
  {
    name: 'icc',
    kind: 'flag',
    help: 'Containers of the default network reach each other (default true)',
  },
  { name: 'init', kind: 'flag', help: 'An init as first process of containers that do not say otherwise' },
  {
    name: 'init-path',
    kind: 'text',
    refused: 'Barge has an init of its own, which --init uses',
  },
  {
    name: 'insecure-registry',
    key: 'insecure-registries',
    kind: 'list',
    value: 'HOST',
    help: 'Registry to speak to without verified TLS; several times',
  },
  { name: 'ip', kind: 'text', value: 'IP', help: 'Host address of ports that are published without one' },
  { name: 'ip-forward', kind: 'flag', help: 'Switch the kernel’s forwarding on (default true)' },
  { name: 'ip-forward-no-drop', kind: 'flag', idle: 'Barge never changes the policy of forwarding' },
  {
    name: 'ip-masq',
    kind: 'flag',
    help: 'Masquerade what leaves the default network (default true)',
  },
  { name: 'ip6tables', kind: 'flag', help: 'Rules for IPv6 (default true)' },
  { name: 'iptables', kind: 'flag', help: 'Rules for IPv4 (default true)' },
  { name: 'ipv6', kind: 'flag', help: 'IPv6 on the default network' },
  {
    name: 'label',
    key: 'labels',
    kind: 'list',
    value: 'KEY=VALUE',
    help: 'Label of this daemon; several times',
  },
  { name: 'live-restore', kind: 'flag', idle: 'containers always outlive the daemon' },
  { name: 'log-driver', kind: 'text', value: 'NAME', help: 'Log driver of containers' },
  { name: 'log-format', kind: 'text', value: 'FORMAT', help: 'Of the daemon’s own log: json or text' },
  {
    name: 'log-level',
    short: 'l',
    kind: 'text',
    value: 'LEVEL',
    help: 'debug, info, warn, error or fatal',
  },
  {
    name: 'log-opt',
    key: 'log-opts',
    kind: 'map',
    value: 'KEY=VALUE',
    help: 'Option of the log driver; several times',
  },
  { name: 'max-concurrent-downloads', kind: 'number', value: 'N', help: 'Layers of a pull at a time' },
  { name: 'max-concurrent-uploads', kind: 'number', value: 'N', help: 'Layers of a push at a time' },
  { name: 'max-download-attempts', kind: 'number', value: 'N', help: 'Tries for a layer' },
  { name: 'metrics-addr', kind: 'text', value: 'HOST:PORT', help: 'Serve metrics for Prometheus there' },
  {
    name: 'min-api-version',
    kind: 'text',
    key: 'min-api-version',
    value: 'VERSION',
    help: 'Oldest API version to serve',
  },
  { name: 'mtu', kind: 'number', value: 'N', help: 'MTU of the default network' },
  { name: 'network-control-plane-mtu', kind: 'number', refused: NO_SWARM },
  { name: 'no-new-privileges', kind: 'flag', help: 'Containers gain no privileges by default' },
  { name: 'no-proxy', kind: 'text', key: false, value: 'HOSTS', help: 'Registries to reach without a proxy' },
  { name: 'node-generic-resource', key: 'node-generic-resources', kind: 'list', refused: NO_SWARM },
  { name: 'pidfile', short: 'p', kind: 'text', value: 'PATH', help: 'File for the process id' },
  { name: 'raw-logs', kind: 'flag', idle: 'the log has no colours' },
  {
    name: 'registry-mirror',
    key: 'registry-mirrors',
    kind: 'list',
    value: 'URL',
    help: 'Mirror of Docker Hub to ask first; several times',
  },
  { name: 'rootless', kind: 'flag', refused: 'Barge needs root' },
  {
    name: 'seccomp-profile',
    kind: 'text',
    value: 'PATH',
    help: 'Default seccomp profile, "builtin" or "unconfined"',
  },
  { name: 'selinux-enabled', kind: 'flag', refused: 'Barge does not label processes for SELinux' },
  { name: 'shutdown-timeout', kind: 'number', idle: 'containers always outlive the daemon' },
  { name: 'storage-driver', short: 's', kind: 'text', value: 'NAME', help: 'overlay2 is the only one' },
  { name: 'storage-opt', key: 'storage-opts', kind: 'list', refused: 'overlay2 has no options here' },
  { name: 'swarm-default-advertise-addr', kind: 'text', refused: NO_SWARM },
  { name: 'tls', kind: 'flag', help: 'TLS for tcp addresses; implied by --tlsverify' },
  { name: 'tlscacert', kind: 'text', value: 'PATH', help: 'Authority of the clients’ certificates (PEM)' },
  { name: 'tlscert', kind: 'text', value: 'PATH', help: 'Certificate of this daemon (PEM)' },
  { name: 'tlskey', kind: 'text', value: 'PATH', help: 'Its key (PEM)' },
  { name: 'tlsverify', kind: 'flag', help: 'Clients need a certificate of --tlscacert' },
  { name: 'userland-proxy', kind: 'flag', help: 'Relay what the kernel cannot translate (default true)' },
  { name: 'userland-proxy-path', kind: 'text', idle: 'the daemon relays itself' },
  { name: 'userns-remap', kind: 'text', refused: 'containers’ users are the host’s' },
  { name: 'validate', kind: 'flag', key: false, help: 'Check the settings, say "configuration OK", and end' },
  { name: 'version', short: 'v', kind: 'flag', key: false, help: 'The version' },
];

const BY_NAME = new Map(SETTINGS.map((setting) => [setting.name, setting]));
const BY_SHORT = new Map(SETTINGS.flatMap((setting) => (setting.short ? [[setting.short, setting]] : [])));
const BY_KEY = new Map(
  SETTINGS.flatMap((setting) => (setting.key === false ? [] : [[setting.key ?? setting.name, setting]])),
);

export const settingOfFlag = (name: string) => {
  const found = BY_NAME.get(name);
  return found?.kind === 'json' ? undefined : found;
};
export const settingOfShort = (letter: string) => BY_SHORT.get(letter);
export const settingOfKey = (key: string) => BY_KEY.get(key);
export const flagNames = (): string[] =>
  SETTINGS.filter(({ kind }) => kind !== 'json').map(({ name }) => name);
