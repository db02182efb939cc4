import { type FoundPackage, readInside } from './found-package.ts';
import { apkPackages, dpkgPackages } from './package-databases.ts';
import { packageFiles } from './package-files.ts';

/** Packages of dpkg, apk, npm, Python and Ruby in a root file system, by type and name. */
export async function packagesOf(root: string, signal: AbortSignal): Promise<FoundPackage[]> {
  const namespace = await distribution(root);
  const found = [
    ...(await dpkgPackages(root, namespace)),
    ...(await apkPackages(root, namespace)),
    ...(await packageFiles(root, signal)),
  ];
  const key = ({ type, name, version, source }: FoundPackage) => `${type} ${name} ${version} ${source}`;
  return found.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** `ID` of os-release. */
async function distribution(root: string): Promise<string> {
  for (const path of ['etc/os-release', 'usr/lib/os-release']) {
    const text = await readInside(root, path);
    const id = /^ID=["']?([\w.-]+)/m.exec(text ?? '')?.[1];
    if (id) return id;
  }
  return 'linux';
}
