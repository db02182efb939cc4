import type { BuildMessage, LintFinding } from '../../api/build-events.ts';
import { messageOf } from '../../core/errors.ts';
import type { Finding } from '../lint/context.ts';
import { excerpt, type SourceFile } from '../parse/source.ts';
import type { BuildEvent, BuildReporter } from './events.ts';

/** Events as plain messages, in the order in which they occur. */
export function messageReporter(emit: (message: BuildMessage) => void): BuildReporter {
  const decoders = new Map<string, TextDecoder>();
  const text = ({ step, stream, chunk }: Extract<BuildEvent, { kind: 'output' }>) => {
    const key = `${step.number} ${stream}`;
    const decoder = decoders.get(key) ?? new TextDecoder();
    decoders.set(key, decoder);
    return decoder.decode(chunk, { stream: true }); // a chunk may end within a character
  };
  return {
    report(event) {
      const message = toMessage(event, text);
      if (message) emit(message);
    },
  };
}

function toMessage(
  event: BuildEvent,
  text: (event: Extract<BuildEvent, { kind: 'output' }>) => string,
): BuildMessage | undefined {
  const at = Date.now();
  switch (event.kind) {
    case 'planned': {
      const steps = event.steps.map((step) => ({
        number: step.number,
        stage: step.stage,
        ...(step.platform === undefined ? {} : { platform: step.platform }),
        text: step.text,
        line: step.span.line,
      }));
      return { kind: 'planned', steps };
    }
    case 'lint':
      return { kind: 'lint', findings: event.findings.map((finding) => lintFinding(finding, event.source)) };
    case 'started':
      return { kind: 'started', step: event.step.number, at };
    case 'missed':
      return { kind: 'missed', step: event.step.number, reason: event.reason };
    case 'running':
      return undefined;
    case 'output':
      return { kind: 'output', step: event.step.number, stream: event.stream, text: text(event), at };
    case 'done':
      return { kind: 'done', step: event.step.number, cached: event.cached, at };
    case 'built': {
      const images = (event.images ?? []).map(({ id, platform }) => ({ id, platform }));
      return { kind: 'built', id: event.id, images, ...(event.target ? { target: event.target } : {}) };
    }
    case 'failed':
      return { kind: 'failed', message: messageOf(event.error), at };
    default:
      return event;
  }
}

function lintFinding({ rule, detail, span }: Finding, source: SourceFile): LintFinding {
  const place = { file: source.name, line: span.line, excerpt: excerpt(source, span) };
  const { name, description, url } = rule;
  return { rule: name, description, url, detail, ...place };
}

/** A reporter that forwards to several others. */
export function allReporters(...reporters: readonly BuildReporter[]): BuildReporter {
  return {
    report(event) {
      for (const reporter of reporters) reporter.report(event);
    },
  };
}
