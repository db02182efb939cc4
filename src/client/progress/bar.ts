import type { ProgressMessage } from '../../api/engine/system.ts';
import { exactSize } from '../format/text.ts';

const BAR_CELLS = 50;
/** Terminals narrower than this show only figures. */
const MIN_BAR_COLUMNS = 110;

/** `[=====>     ]  1.2MB/3.4MB`; '' for a message without progress. */
export function progressText(message: ProgressMessage, columns: number): string {
  const detail = message.progressDetail;
  const current = detail?.current ?? 0;
  if (!detail || (current <= 0 && (detail.total ?? 0) <= 0)) return message.progress ?? '';
  const show = (value: number) => (detail.units ? `${value} ${detail.units}` : exactSize(value));
  const total = detail.total ?? 0;
  if (total <= 0) return show(current).padStart(8);
  const share = Math.min(1, current / total);
  const figures = detail.hidecounts
    ? ''
    : `${show(current).padStart(8)}${current <= total ? `/${show(total)}` : ''}`;
  if (columns <= MIN_BAR_COLUMNS) return figures;
  const done = Math.floor(share * BAR_CELLS);
  return `[${'='.repeat(done)}>${' '.repeat(BAR_CELLS - done)}] ${figures}`;
}
