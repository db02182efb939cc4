import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveInRoot } from '../copy/rooted.ts';
import { type FoundPackage, readInside } from './found-package.ts';

const STATUS = 'var/lib/dpkg/status';
/** Where images without a package manager store their packages, one file each. */
const STATUS_PARTS = 'var/lib/dpkg/status.d';
const APK = 'lib/apk/db/installed';

/** The packages that dpkg has installed. */
export async function dpkgPackages(root: string, namespace: string): Promise<FoundPackage[]> {
  const files = [STATUS, ...(await partsOf(root))];
  const found: FoundPackage[] = [];
  for (const source of files) {
    const text = (await readInside(root, source)) ?? '';
    for (const fields of paragraphs(text, /^([\w-]+): *(.*)$/)) {
      const [name, version, architecture] = ['Package', 'Version', 'Architecture'].map((key) =>
        fields.get(key),
      );
      const status = fields.get('Status') ?? 'install ok installed';
      if (!name || !version || !status.endsWith(' installed')) continue;
      found.push({
        type: 'deb',
        namespace,
        name,
        version,
        source,
        ...(architecture ? { architecture } : {}),
      });
    }
  }
  return found;
}

async function partsOf(root: string): Promise<string[]> {
  const directory = await resolveInRoot(root, STATUS_PARTS);
  if (!directory?.stats.isDirectory()) return [];
  const names = await readdir(join(root, directory.path));
  return names.filter((name) => !name.endsWith('.md5sums')).map((name) => `${STATUS_PARTS}/${name}`);
}

/** The packages that apk has installed. */
export async function apkPackages(root: string, namespace: string): Promise<FoundPackage[]> {
  const text = (await readInside(root, APK)) ?? '';
  return [...paragraphs(text, /^([A-Za-z]):(.*)$/)].flatMap((fields) => {
    const [name, version, architecture, license] = ['P', 'V', 'A', 'L'].map((key) => fields.get(key));
    if (!name || !version) return [];
    const more = { ...(architecture ? { architecture } : {}), ...(license ? { license } : {}) };
    return [{ type: 'apk', namespace, name, version, source: APK, ...more }];
  });
}

/** Paragraphs of `key: value` lines; continuation lines are skipped. */
function* paragraphs(text: string, line: RegExp): Generator<Map<string, string>> {
  for (const paragraph of text.split(/\n\n+/)) {
    const fields = new Map<string, string>();
    for (const one of paragraph.split('\n')) {
      const [, key = '', value = ''] = line.exec(one) ?? [];
      if (key !== '' && !fields.has(key)) fields.set(key, value);
    }
    if (fields.size > 0) yield fields;
  }
}
