import { invalidParameter } from '../../core/errors.ts';

/** Annotations by which crun is handed a system call filter: with them a container could choose its own. */
const RESERVED = ['run.oci.seccomp_bpf_data', 'run.oci.seccomp.receiver'];

/** @throws BargeError invalid-parameter for annotations that the daemon keeps to itself, and names that are none. */
export function checkAnnotations(annotations: Readonly<Record<string, string>>): void {
  if (Object.hasOwn(annotations, '')) {
    throw invalidParameter('invalid Annotations: the empty string is not permitted as an annotation key');
  }
  /* Crun reads a key up to its zero byte, and so another one than is looked for below. */
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
