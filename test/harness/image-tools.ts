import { type ImageTool, imageTool } from '../../tools/image-tools.ts';

/** Why a test cannot run here; false when it can. */
export function withoutTool(...names: readonly ImageTool[]): string | false {
  const missing = names.find((name) => !imageTool(name));
  return missing
    ? `no ${missing} on the PATH or in .cache/image-tools (npm test unpacks what apt has)`
    : false;
}
