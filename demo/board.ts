/** Shows jobs as they move: a bar each on a terminal, a line a change elsewhere. */
import type { JobExecution } from '@aws-sdk/client-iot';

export interface Board {
  show(executions: ReadonlyMap<string, JobExecution>): void;
  /** A line that stays, above what moves. */
  say(line: string): void;
}

export interface BoardRow {
  readonly jobId: string;
  readonly title: string;
}

interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const BAR_WIDTH = 16;
const STATUS_WIDTH = 11;
const HAS_BAR: ReadonlySet<string> = new Set(['QUEUED', 'IN_PROGRESS', 'SUCCEEDED']);
/** Select Graphic Rendition (ECMA-48): green, red, yellow, blue. */
const COLOURS: Readonly<Record<string, number>> = {
  SUCCEEDED: 32,
  FAILED: 31,
  TIMED_OUT: 31,
  REJECTED: 33,
  CANCELED: 33,
  REMOVED: 33,
  IN_PROGRESS: 34,
};

export function createBoard(rows: readonly BoardRow[], terminal: Terminal): Board {
  return terminal.isTTY ? createBars(rows, terminal) : createLines(rows, terminal);
}

function createBars(rows: readonly BoardRow[], terminal: Terminal): Board {
  let isDrawn = false;
  return {
    show(executions) {
      const lines = rows.map(({ jobId, title }) => row(title, executions.get(jobId), (terminal.columns ?? 80) - 1));
      // Up over what was drawn before; each line is cleared before it is drawn.
      const up = isDrawn ? `\u001b[${rows.length}A` : '';
      terminal.write(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join('')}`);
      isDrawn = true;
    },
    say(line) {
      // As long as it may be: it takes the place of the rows, which are drawn anew below it.
      terminal.write(`${isDrawn ? `\u001b[${rows.length}A\u001b[J` : ''}${line}\n`);
      isDrawn = false;
    },
  };
}

/** At most `width` wide: a line that wraps would not be drawn over. */
function row(title: string, execution: JobExecution | undefined, width: number): string {
  const { status = 'QUEUED' } = execution ?? {};
  const told = detail(execution);
  const text = `${bar(status, execution)}${title}${told === '' ? '' : `: ${told}`}`;
  const coloured = `\u001b[${COLOURS[status] ?? 0}m${status.padEnd(STATUS_WIDTH)}\u001b[0m`;
  return `${coloured} ${text.slice(0, Math.max(0, width - STATUS_WIDTH - 1))}`;
}

function createLines(rows: readonly BoardRow[], terminal: Terminal): Board {
  const shown = new Map<string, string>();
  return {
    show(executions) {
      for (const { jobId } of rows) {
        const execution = executions.get(jobId);
        if (execution === undefined) continue;
        const line = `${jobId.padEnd(18)} ${String(execution.status).padEnd(11)} ${detail(execution)}`.trimEnd();
        if (shown.get(jobId) !== line) terminal.write(`${line}\n`);
        shown.set(jobId, line);
      }
    },
    say: (line) => void terminal.write(`${line}\n`),
  };
}

/** None for what ended without success or waits: how far it came says little, and the reason needs the room. */
function bar(status: string, execution: JobExecution | undefined): string {
  if (!HAS_BAR.has(status) || isWaiting(status, execution)) return '';
  const percent = execution === undefined ? 0 : progressPercent(execution);
  const full = Math.round((percent * BAR_WIDTH) / 100);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)} ${`${percent}`.padStart(3)} %  `;
}

/** From what the job tells of itself: the step it is at, and the percentage within the step. */
export function progressPercent({ status, statusDetails }: JobExecution): number {
  if (status === 'SUCCEEDED') return 100;
  const { percent = '0', step = '' } = statusDetails?.detailsMap ?? {};
  const within = Math.min(100, Number.parseInt(percent, 10) || 0);
  const [, at, of] = /^(\d+)\/(\d+)/.exec(step) ?? [];
  return at === undefined || of === undefined ? within : Math.floor(((Number(at) - 1) * 100 + within) / Number(of));
}

/** Its handler asked to be tried later. */
function isWaiting(status: string, execution: JobExecution | undefined): boolean {
  return status === 'IN_PROGRESS' && execution?.statusDetails?.detailsMap?.waiting !== undefined;
}

function detail({ status, statusDetails }: JobExecution = {}): string {
  const { reason, step, percent, stdout, waiting } = statusDetails?.detailsMap ?? {};
  if (status === 'IN_PROGRESS' && waiting !== undefined) return `waiting: ${waiting}`;
  if (status === 'IN_PROGRESS')
    return [step, percent === undefined ? undefined : `${percent} %`].filter(Boolean).join(' · ');
  return (reason ?? stdout ?? '').slice(0, 120);
}
