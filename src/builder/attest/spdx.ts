import { createHash } from 'node:crypto';
import type { Predicate } from '../worker.ts';
import type { FoundPackage } from './found-package.ts';

const ROOT = 'SPDXRef-DocumentRoot';
/** The licence expressions that SPDX allows; other licences are written into the comment. */
const LICENSE = /^[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*$/;

/** The packages of an image as an SPDX 2.3 document. The same packages and time produce the same bytes. */
export function spdxDocument(packages: readonly FoundPackage[], created: Date): Predicate {
  const listed = packages.map((found) => ({ id: idOf(found), found }));
  const hash = createHash('sha256').update(JSON.stringify(packages)).digest('hex');
  const content = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: 'rootfs',
    documentNamespace: `urn:barge:sbom:${hash}`,
    creationInfo: {
      created: created.toISOString().replace(/\.\d+Z$/, 'Z'),
      creators: ['Tool: barge'],
    },
    packages: [
      { name: 'rootfs', SPDXID: ROOT, downloadLocation: 'NOASSERTION', filesAnalyzed: false },
      ...listed.map(({ id, found }) => packageOf(id, found)),
    ],
    relationships: [
      relation('SPDXRef-DOCUMENT', 'DESCRIBES', ROOT),
      ...listed.map(({ id }) => relation(ROOT, 'CONTAINS', id)),
    ],
  };
  return { type: 'https://spdx.dev/Document', content };
}

const relation = (from: string, relationshipType: string, to: string) => ({
  spdxElementId: from,
  relationshipType,
  relatedSpdxElement: to,
});

function idOf({ type, name, version, source }: FoundPackage): string {
  const hash = createHash('sha256').update(`${type} ${name} ${version} ${source}`).digest('hex').slice(0, 16);
  return `SPDXRef-Package-${type}-${name.replace(/[^A-Za-z0-9.-]/g, '-')}-${hash}`;
}

function packageOf(SPDXID: string, found: FoundPackage): object {
  const { name, version, license = '', source } = found;
  return {
    name,
    SPDXID,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: LICENSE.test(license) ? license : 'NOASSERTION',
    ...(license !== '' && !LICENSE.test(license) ? { licenseComments: license } : {}),
    copyrightText: 'NOASSERTION',
    sourceInfo: `found in /${source}`,
    externalRefs: [
      { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purlOf(found) },
    ],
  };
}

/** github.com/package-url/purl-spec */
function purlOf({ type, namespace, name, version, architecture }: FoundPackage): string {
  const encoded = name.split('/').map(encodeURIComponent).join('/');
  const own = type === 'pypi' ? encoded.toLowerCase().replaceAll('_', '-') : encoded;
  const query = architecture ? `?arch=${encodeURIComponent(architecture)}` : '';
  return `pkg:${type}/${namespace ? `${namespace}/` : ''}${own}@${encodeURIComponent(version)}${query}`;
}
