import type { AuthConfig } from '../../api/engine/system.ts';
import type { VolumeCreateRequest } from '../../api/engine/volumes.ts';
import type { Platform } from '../../api/oci-image.ts';
import type { SessionRequest } from '../../engine/builds/sessions.ts';
import type { ManifestList } from '../../engine/images/manifest-lists.ts';
import { anything, list, map, object, text, zeroed } from './schema.ts';

/** `POST /volumes/create`. */
export const VOLUME_CREATE = object<VolumeCreateRequest>('CreateRequest', {
  Name: text(),
  Driver: text(),
  DriverOpts: map(text()),
  Labels: map(text()),
  ClusterVolumeSpec: anything(),
});

/** `POST /auth`, and the header `X-Registry-Auth`. */
export const AUTH = object<AuthConfig>('AuthConfig', {
  username: text(),
  password: text(),
  auth: text(),
  serveraddress: text(),
  identitytoken: text(),
  registrytoken: text(),
});

/** The header `X-Registry-Config`: credentials by registry. */
export const AUTHS = map(AUTH);

/** The query parameter `platform`. */
export const PLATFORM = object<Platform>('Platform', {
  architecture: zeroed(text()),
  os: zeroed(text()),
  variant: text(),
  'os.version': text(),
  'os.features': list(text()),
});

/** `POST /barge/sessions`. */
export const SESSION = object<SessionRequest>('SessionRequest', {
  Secrets: map(text()),
  Ssh: list(text()),
  Dockerfile: object<NonNullable<SessionRequest['Dockerfile']>>('Dockerfile', {
    Name: zeroed(text()),
    Text: zeroed(text()),
  }),
});

/** `POST /barge/manifests/{name}`. */
export const MANIFEST_LIST = object<ManifestList>('ManifestList', {
  MediaType: zeroed(text()),
  Raw: zeroed(text()),
  Sources: zeroed(list(text())),
});
