import type { Field, GoType } from '../template/values.ts';

/**
 * The Go types that docker's client decodes inspected objects into, so that templates find the zero values of members
 * that JSON omits. Members are in Go's order: `name` or `name=name in JSON`, and a type: s string, b boolean, i
 * integer, a anything, [T] a slice, {T} a map with string keys, *T a pointer, and names of other types.
 */
const SOURCES: Readonly<Record<string, string>> = {
  'container.InspectResponse':
    'ID=Id s,Created s,Path s,Args [s],State *container.State,Image s,ResolvConfPath s,HostnamePath s,HostsPath s,LogPath s,' +
    'Name s,RestartCount i,Driver s,Platform s,MountLabel s,ProcessLabel s,AppArmorProfile s,ExecIDs [s],' +
    'HostConfig *container.HostConfig,GraphDriver storage.DriverData,SizeRw *i,SizeRootFs *i,Mounts [container.MountPoint],' +
    'Config *container.Config,NetworkSettings *container.NetworkSettings,ImageManifestDescriptor *a',
  'container.State':
    'Status s,Running b,Paused b,Restarting b,OOMKilled b,Dead b,Pid i,ExitCode i,Error s,StartedAt s,FinishedAt s,Health *container.Health',
  'container.Health': 'Status s,FailingStreak i,Log [*container.HealthcheckResult]',
  'container.HealthcheckResult': 'Start s,End s,ExitCode i,Output s',
  'storage.DriverData': 'Data {s},Name s',
  'container.MountPoint': 'Type s,Name s,Source s,Destination s,Driver s,Mode s,RW b,Propagation s',
  'container.LogConfig': 'Type s,Config {s}',
  'container.RestartPolicy': 'Name s,MaximumRetryCount i',
  'nat.PortBinding': 'HostIP=HostIp s,HostPort s',
  'container.HostConfig':
    'Binds [s],ContainerIDFile s,LogConfig container.LogConfig,NetworkMode s,PortBindings {[nat.PortBinding]},' +
    'RestartPolicy container.RestartPolicy,AutoRemove b,VolumeDriver s,VolumesFrom [s],ConsoleSize [i],Annotations {s},' +
    'CapAdd [s],CapDrop [s],CgroupnsMode s,DNS=Dns [s],DNSOptions=DnsOptions [s],DNSSearch=DnsSearch [s],ExtraHosts [s],' +
    'GroupAdd [s],IpcMode s,Cgroup s,Links [s],OomScoreAdj i,PidMode s,Privileged b,PublishAllPorts b,ReadonlyRootfs b,' +
    'SecurityOpt [s],StorageOpt {s},Tmpfs {s},UTSMode s,UsernsMode s,ShmSize i,Sysctls {s},Runtime s,Isolation s,' +
    'CPUShares=CpuShares i,Memory i,NanoCPUs=NanoCpus i,CgroupParent s,BlkioWeight i,BlkioWeightDevice [a],' +
    'BlkioDeviceReadBps [a],BlkioDeviceWriteBps [a],BlkioDeviceReadIOps [a],BlkioDeviceWriteIOps [a],CPUPeriod=CpuPeriod i,' +
    'CPUQuota=CpuQuota i,CPURealtimePeriod=CpuRealtimePeriod i,CPURealtimeRuntime=CpuRealtimeRuntime i,CpusetCpus s,' +
    'CpusetMems s,Devices [container.DeviceMapping],DeviceCgroupRules [s],DeviceRequests [a],KernelMemory i,' +
    'KernelMemoryTCP i,MemoryReservation i,MemorySwap i,MemorySwappiness *i,OomKillDisable *b,PidsLimit *i,Ulimits [a],' +
    'CPUCount=CpuCount i,CPUPercent=CpuPercent i,IOMaximumIOps i,IOMaximumBandwidth i,Mounts [a],MaskedPaths [s],' +
    'ReadonlyPaths [s],Init *b',
  'container.DeviceMapping': 'PathOnHost s,PathInContainer s,CgroupPermissions s',
  'container.Config':
    'Hostname s,Domainname s,User s,AttachStdin b,AttachStdout b,AttachStderr b,ExposedPorts {struct {}},Tty b,OpenStdin b,' +
    'StdinOnce b,Env [s],Cmd [s],Healthcheck *v1.HealthcheckConfig,ArgsEscaped b,Image s,Volumes {struct {}},WorkingDir s,' +
    'Entrypoint [s],NetworkDisabled b,MacAddress s,OnBuild [s],Labels {s},StopSignal s,StopTimeout *i,Shell [s]',
  'v1.HealthcheckConfig': 'Test [s],Interval i,Timeout i,StartPeriod i,StartInterval i,Retries i',
  'struct {}': '',
  'container.NetworkSettings':
    'Bridge s,SandboxID s,SandboxKey s,Ports {[nat.PortBinding]},HairpinMode b,LinkLocalIPv6Address s,' +
    'LinkLocalIPv6PrefixLen i,SecondaryIPAddresses [a],SecondaryIPv6Addresses [a],EndpointID s,Gateway s,' +
    'GlobalIPv6Address s,GlobalIPv6PrefixLen i,IPAddress s,IPPrefixLen i,IPv6Gateway s,MacAddress s,' +
    'Networks {*network.EndpointSettings}',
  'network.EndpointSettings':
    'IPAMConfig *network.EndpointIPAMConfig,Links [s],Aliases [s],MacAddress s,DriverOpts {s},GwPriority i,NetworkID s,' +
    'EndpointID s,Gateway s,IPAddress s,IPPrefixLen i,IPv6Gateway s,GlobalIPv6Address s,GlobalIPv6PrefixLen i,DNSNames [s]',
  'network.EndpointIPAMConfig': 'IPv4Address s,IPv6Address s,LinkLocalIPs [s]',
  'image.InspectResponse':
    'ID=Id s,RepoTags [s],RepoDigests [s],Parent s,Comment s,Created s,Container s,ContainerConfig *container.Config,' +
    'DockerVersion s,Author s,Config *v1.DockerOCIImageConfig,Architecture s,Variant s,Os s,OsVersion s,Size i,VirtualSize i,' +
    'GraphDriver storage.DriverData,RootFS image.RootFS,Metadata image.Metadata,Descriptor *a,Manifests [a]',
  'v1.DockerOCIImageConfig':
    'User s,ExposedPorts {struct {}},Env [s],Entrypoint [s],Cmd [s],Volumes {struct {}},WorkingDir s,Labels {s},StopSignal s,' +
    'ArgsEscaped b,Healthcheck *v1.HealthcheckConfig,OnBuild [s],Shell [s]',
  'image.RootFS': 'Type s,Layers [s]',
  'image.Metadata': 'LastTagTime s',
  'network.Inspect':
    'Name s,ID=Id s,Created s,Scope s,Driver s,EnableIPv4 b,EnableIPv6 b,IPAM network.IPAM,Internal b,Attachable b,Ingress b,' +
    'ConfigFrom network.ConfigReference,ConfigOnly b,Containers {network.EndpointResource},Options {s},Labels {s},Peers [a],' +
    'Services {a}',
  'network.IPAM': 'Driver s,Options {s},Config [network.IPAMConfig]',
  'network.IPAMConfig': 'Subnet s,IPRange s,Gateway s,AuxAddress=AuxiliaryAddresses {s}',
  'network.ConfigReference': 'Network s',
  'network.EndpointResource': 'Name s,EndpointID s,MacAddress s,IPv4Address s,IPv6Address s',
  'volume.Volume':
    'ClusterVolume *a,CreatedAt s,Driver s,Labels {s},Mountpoint s,Name s,Options {s},Scope s,Status {a},' +
    'UsageData *volume.UsageData',
  'volume.UsageData': 'RefCount i,Size i',
};

export type InspectedType =
  | 'container.InspectResponse'
  | 'image.InspectResponse'
  | 'network.Inspect'
  | 'volume.Volume';

const SIMPLE: Readonly<Record<string, GoType>> = {
  s: { kind: 'string', name: 'string' },
  b: { kind: 'bool', name: 'bool' },
  i: { kind: 'int', name: 'int64' },
  a: { kind: 'any', name: 'interface {}' },
};

const STRUCTS = new Map<string, GoType>();

/** The type of inspected objects of this kind. */
export const inspectedType = (name: InspectedType): GoType => structOf(name);

function structOf(name: string): GoType {
  const known = STRUCTS.get(name);
  if (known) return known;
  const source = SOURCES[name] ?? '';
  const fields = new Map(source === '' ? [] : source.split(',').map(readField));
  const type: GoType = { kind: 'struct', name, fields };
  STRUCTS.set(name, type);
  return type;
}

function readField(source: string): [string, Field] {
  const space = source.indexOf(' ');
  const [name = '', json = name] = source.slice(0, space).split('=');
  return [name, { json, type: readType(source.slice(space + 1)) }];
}

function readType(source: string): GoType {
  const simple = SIMPLE[source];
  if (simple) return simple;
  if (source.startsWith('*')) return wrapped('pointer', '*', source.slice(1));
  if (source.startsWith('[')) return wrapped('slice', '[]', source.slice(1, -1));
  if (source.startsWith('{')) return wrapped('map', 'map[string]', source.slice(1, -1));
  return structOf(source);
}

function wrapped(kind: 'pointer' | 'slice' | 'map', prefix: string, source: string): GoType {
  const of = readType(source);
  return { kind, name: prefix + of.name, of };
}
