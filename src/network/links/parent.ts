import { existsSync } from 'node:fs';
import { invalidParameter, systemError, unavailable } from '../../core/errors.ts';
import { capture } from '../../host/process.ts';
import type { Endpoint, NetworkDefinition } from '../model.ts';
import type { LinkDriver } from './link.ts';
import { interfacePrefix, mtu } from './options.ts';

const MODES = {
  macvlan: ['bridge', 'private', 'vepa', 'passthru'],
  ipvlan: ['l2', 'l3', 'l3s'],
} as const;
const FLAGS = ['bridge', 'private', 'vepa'];

/** Endpoints that are links of their own on top of one of the host's: macvlan and ipvlan. */
export class ParentLink implements LinkDriver {
  readonly interfacePrefix: string;
  readonly parent: string;
  readonly #definition: NetworkDefinition;
  readonly #kind: 'macvlan' | 'ipvlan';
  readonly #mode: string;
  readonly #flag: string;
  readonly mtu: number;
  #made = false;

  /** @throws BargeError invalid-parameter for options that the driver does not know the value of. */
  constructor(definition: NetworkDefinition) {
    const { options, id } = definition;
    this.#definition = definition;
    this.#kind = definition.driver === 'ipvlan' ? 'ipvlan' : 'macvlan';
    this.#mode = choose(options, `${this.#kind}_mode`, MODES[this.#kind]);
    this.#flag = this.#kind === 'ipvlan' ? choose(options, 'ipvlan_flag', FLAGS) : '';
    this.parent = options.parent || `dm-${id.slice(0, 12)}`;
    if (!/^[a-zA-Z0-9][\w.-]{0,14}$/.test(this.parent)) {
      throw invalidParameter(`invalid value for parent: "${this.parent}" is no name of a link`);
    }
    this.mtu = mtu(options);
    this.interfacePrefix = interfacePrefix(options);
  }

  /** A network without a parent is one for its containers only. */
  get routesOut(): boolean {
    return !this.#definition.internal && this.#definition.options.parent !== undefined;
  }

  get canChooseMac(): boolean {
    return this.#kind === 'macvlan';
  }

  get routesByInterface(): boolean {
    return this.#mode.startsWith('l3');
  }

  /** Makes the parent when it is a VLAN of another link (`eth0.10`), or when none was named. */
  async up(): Promise<void> {
    if (existsSync(`/sys/class/net/${this.parent}`)) return;
    const [, link, vlan] = /^(.+)\.(\d+)$/.exec(this.parent) ?? [];
    if (!this.#definition.options.parent) {
      await make(`link add ${this.parent} type dummy`, 'dummy');
    } else if (link && vlan && existsSync(`/sys/class/net/${link}`)) {
      await make(`link add link ${link} name ${this.parent} type vlan id ${vlan}`, 'vlan');
    } else {
      throw invalidParameter(
        `the parent link ${this.parent} of the network ${this.#definition.name} does not exist on this host`,
      );
    }
    this.#made = true;
    await make(`link set ${this.parent} up`, '');
  }

  /** A VLAN link goes with the last network on it that this daemon knows to have made it. */
  async down(): Promise<void> {
    if (this.#made || !this.#definition.options.parent) await capture('ip', ['link', 'del', this.parent]);
  }

  attachLines(endpoint: Endpoint, namespace: string): readonly string[] {
    const size = this.mtu ? ` mtu ${this.mtu}` : '';
    const hardware = this.#kind === 'macvlan' ? ` address ${endpoint.mac}` : '';
    const flag = this.#flag ? ` ${this.#flag}` : '';
    return [
      `link add link ${this.parent} name ${endpoint.interface}${hardware}${size} netns ${namespace} type ${this.#kind} mode ${this.#mode}${flag}`,
    ];
  }
}

function choose(options: Readonly<Record<string, string>>, name: string, known: readonly string[]): string {
  const text = options[name] || (known[0] ?? '');
  if (!known.includes(text)) {
    throw invalidParameter(`invalid value for ${name}: "${text}": want ${known.join(', ')}`);
  }
  return text;
}

/** @throws BargeError unavailable when this kernel knows no links of that kind. */
async function make(line: string, kind: string): Promise<void> {
  const { code, stderr } = await capture('ip', line.split(' '));
  if (code === 0) return;
  if (isUnknownKind(stderr))
    throw unavailable(`this host's kernel has no ${kind} links (CONFIG_${kind.toUpperCase()})`);
  throw systemError(`ip ${line} failed: ${stderr.trim()}`);
}

export const isUnknownKind = (stderr: string) => /Unknown device type|Operation not supported/.test(stderr);
