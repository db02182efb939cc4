import { invalidParameter, isKind, unavailable } from '../../core/errors.ts';
import type { Links } from '../../host/networking.ts';
import type { Endpoint, NetworkDefinition } from '../model.ts';
import type { LinkDriver } from './link.ts';
import { interfacePrefix, mtu } from './options.ts';

const MODES = {
  macvlan: ['bridge', 'private', 'vepa', 'passthru'],
  ipvlan: ['l2', 'l3', 'l3s'],
} as const;
const FLAGS = ['bridge', 'private', 'vepa'];

type ParentLinks = Pick<Links, 'exists' | 'add' | 'remove'>;

interface ParentOptions {
  /** The network's parent link: the named one, or one of its own. */
  readonly parent: string;
  readonly kind: 'macvlan' | 'ipvlan';
  readonly mode: string;
  readonly flag: string;
  readonly mtu: number;
  readonly interfacePrefix: string;
}

/** @throws BargeError invalid-parameter for options with values that the driver does not support. */
export function parentOptions({ driver, options, id }: NetworkDefinition): ParentOptions {
  const kind = driver === 'ipvlan' ? 'ipvlan' : 'macvlan';
  const mode = choose(options, `${kind}_mode`, MODES[kind]);
  const flag = kind === 'ipvlan' ? choose(options, 'ipvlan_flag', FLAGS) : '';
  const parent = options.parent || `dm-${id.slice(0, 12)}`;
  if (!/^[a-zA-Z0-9][\w.-]{0,14}$/.test(parent))
    throw invalidParameter(`invalid value for parent: "${parent}" is not a link name`);
  return { parent, kind, mode, flag, mtu: mtu(options), interfacePrefix: interfacePrefix(options) };
}

/** Endpoints that are links on top of a link of the host: macvlan and ipvlan. */
export class ParentLink implements LinkDriver {
  readonly #definition: NetworkDefinition;
  readonly #options: ParentOptions;
  readonly #links: ParentLinks;
  #made = false;

  /** @throws BargeError invalid-parameter for options with values that the driver does not support. */
  constructor(definition: NetworkDefinition, links: ParentLinks) {
    this.#definition = definition;
    this.#options = parentOptions(definition);
    this.#links = links;
  }

  get interfacePrefix(): string {
    return this.#options.interfacePrefix;
  }

  get mtu(): number {
    return this.#options.mtu;
  }

  /** A network without a parent connects only its containers. */
  get routesOut(): boolean {
    return !this.#definition.internal && this.#definition.options.parent !== undefined;
  }

  get canChooseMac(): boolean {
    return this.#options.kind === 'macvlan';
  }

  get routesByInterface(): boolean {
    return this.#options.mode.startsWith('l3');
  }

  /** Creates the parent when it is a VLAN of another link (`eth0.10`), or when none was named. */
  async up(): Promise<void> {
    if (await this.#links.exists(this.#options.parent)) return;
    const [, link, vlan] = /^(.+)\.(\d+)$/.exec(this.#options.parent) ?? [];
    if (!this.#definition.options.parent) {
      await this.#make(`link add ${this.#options.parent} type dummy`, 'dummy');
    } else if (link && vlan && (await this.#links.exists(link))) {
      await this.#make(`link add link ${link} name ${this.#options.parent} type vlan id ${vlan}`, 'vlan');
    } else {
      throw invalidParameter(
        `the parent link ${this.#options.parent} of the network ${this.#definition.name} does not exist on this host`,
      );
    }
    this.#made = true;
    await this.#links.add(`link set ${this.#options.parent} up`);
  }

  async #make(line: string, kind: string): Promise<void> {
    try {
      await this.#links.add(line);
    } catch (cause) {
      if (!isKind(cause, 'unavailable')) throw cause;
      throw unavailable(`this host's kernel has no ${kind} links (CONFIG_${kind.toUpperCase()})`, { cause });
    }
  }

  /** A VLAN link that this daemon created is removed with the last network on it. */
  async down(): Promise<void> {
    if (this.#made || !this.#definition.options.parent) await this.#links.remove(this.#options.parent);
  }

  attachLines(endpoint: Endpoint, namespace: string): readonly string[] {
    const size = this.mtu ? ` mtu ${this.mtu}` : '';
    const hardware = this.#options.kind === 'macvlan' ? ` address ${endpoint.mac}` : '';
    const flag = this.#options.flag ? ` ${this.#options.flag}` : '';
    return [
      `link add link ${this.#options.parent} name ${endpoint.interface}${hardware}${size} netns ${namespace} type ${this.#options.kind} mode ${this.#options.mode}${flag}`,
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
