import { defineCommand } from '../command.ts';
import { OBJECT_FORMAT } from '../format/format-flag.ts';
import { inspectEach } from '../inspect/inspect.ts';
import { type ContextView, viewContext } from '../targets/view.ts';

const IN_MEMORY = '<IN MEMORY>';

export const command = defineCommand({
  usage: '[OPTIONS] [CONTEXT] [CONTEXT...]',
  flags: [OBJECT_FORMAT],
  args: { min: 0 },
  completes: ['context'],
  run({ flags, args, cli }) {
    const names = args.length > 0 ? args : [cli.contextName];
    return inspectEach(cli, names, flags.text('format'), async (name) => ({
      value: shown(viewContext(cli, name)),
    }));
  },
});

function shown({ name, metadata, endpoint, tls, directories }: ContextView): unknown {
  const files = Object.keys(tls);
  return {
    Name: name,
    Metadata: metadata,
    Endpoints: { docker: { Host: endpoint.Host ?? '', SkipTLSVerify: endpoint.SkipTLSVerify ?? false } },
    TLSMaterial: files.length > 0 ? { docker: files } : {},
    Storage: { MetadataPath: directories?.meta ?? IN_MEMORY, TLSPath: directories?.tls ?? IN_MEMORY },
  };
}
