import type { RestartPolicy } from '../../api/engine/containers.ts';
import { invalidParameter } from '../../core/errors.ts';

/** Docker's rules for the policy and its count. @throws BargeError invalid-parameter. */
export function assertRestartPolicy({ Name: name = '', MaximumRetryCount: most = 0 }: RestartPolicy): void {
  switch (name) {
    case '':
      return;
    case 'no':
    case 'always':
    case 'unless-stopped': {
      if (most === 0) return;
      const negative = most < 0 ? ' and cannot be negative' : '';
      throw invalidParameter(
        `invalid restart policy: maximum retry count can only be used with 'on-failure'${negative}`,
      );
    }
    case 'on-failure':
      if (most >= 0) return;
      throw invalidParameter('invalid restart policy: maximum retry count cannot be negative');
    default:
      throw invalidParameter(
        `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
      );
  }
}
