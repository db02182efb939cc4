import { invalidParameter } from '../../core/errors.ts';

/** The attestations to attach to an image. */
export interface AttestOptions {
  readonly provenance?: ProvenanceOptions;
  readonly sbom?: boolean;
}

export interface ProvenanceOptions {
  /** `max` also includes the values of build arguments, the Dockerfile and the steps. */
  readonly mode: 'min' | 'max';
  readonly version: 'v0.2' | 'v1';
  /** A URI that identifies the builder. */
  readonly builderId: string;
  readonly reproducible: boolean;
}

const KEYS = ['type', 'disabled', 'mode', 'version', 'builder-id', 'reproducible', 'inline-only', 'filename'];

/**
 * Parses `--attest type=provenance|sbom[,…]`; a later one overrides an earlier one of the same type.
 * @throws BargeError invalid-parameter for unknown or unsupported options.
 */
export function readAttestations(texts: readonly string[]): AttestOptions {
  let result: AttestOptions = {};
  for (const text of texts) {
    const fields = new Map(text.split(',').map((part) => split(text, part)));
    const type = fields.get('type');
    const on = !isTrue(fields.get('disabled') ?? 'false');
    if (type === 'sbom') result = { ...result, sbom: on && checkedSbom(text, fields) };
    else if (type === 'provenance') {
      const { provenance: _, ...rest } = result;
      result = on ? { ...rest, provenance: readProvenance(text, fields) } : rest;
    } else throw wrong(text, `unknown type "${type ?? ''}": want provenance or sbom`);
  }
  return result;
}

const wrong = (text: string, why: string) => invalidParameter(`invalid attestation "${text}": ${why}`);
const isTrue = (text: string) => ['true', '1'].includes(text.toLowerCase());

function split(text: string, part: string): [string, string] {
  const equals = part.indexOf('=');
  if (equals === -1) throw wrong(text, `"${part}" must be a key=value pair`);
  const key = part.slice(0, equals).trim().toLowerCase();
  if (key === 'generator')
    throw wrong(text, 'generators are not supported: the daemon itself creates the list of packages');
  if (!KEYS.includes(key)) throw wrong(text, `unexpected key "${key}"`);
  return [key, part.slice(equals + 1)];
}

function checkedSbom(text: string, fields: ReadonlyMap<string, string>): boolean {
  const other = [...fields.keys()].find((key) => key !== 'type' && key !== 'disabled');
  if (other) throw wrong(text, `unexpected key "${other}"`);
  return true;
}

function readProvenance(text: string, fields: ReadonlyMap<string, string>): ProvenanceOptions {
  const mode = fields.get('mode') ?? 'min';
  const version = fields.get('version') ?? 'v0.2';
  if (mode !== 'min' && mode !== 'max') throw wrong(text, `mode "${mode}": want min or max`);
  if (version !== 'v0.2' && version !== 'v1') throw wrong(text, `version "${version}": want v0.2 or v1`);
  const reproducible = isTrue(fields.get('reproducible') ?? 'false');
  return { mode, version, builderId: fields.get('builder-id') ?? '', reproducible };
}
