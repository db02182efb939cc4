import { invalidParameter } from '../../core/errors.ts';

/** Annotations that hand crun a system call filter: with them a container could choose its own. */
const RESERVED = ['run.oci.seccomp_bpf_data', 'run.oci.seccomp.receiver'];

/** @throws BargeError invalid-parameter for annotations that are reserved for the daemon, and for invalid ones. */
export function checkAnnotations(annotations: Readonly<Record<string, string>>): void {
  if (Object.hasOwn(annotations, '')) {
    throw invalidParameter('invalid Annotations: the empty string is not permitted as an annotation key');
  }
  /* Crun reads a key up to its first zero byte, so the comparison below would miss it. */
  if (
    Object.entries(annotations)
      .flat()
      .some((text) => text.includes('\0'))
  ) {
    throw invalidParameter('invalid Annotations: a key or value contains a zero byte');
  }
  const reserved = RESERVED.find((name) => Object.hasOwn(annotations, name));
  if (reserved) {
    throw invalidParameter(
      `invalid Annotations: ${reserved} is set by the daemon: choose a profile with --security-opt seccomp=FILE`,
    );
  }
}
