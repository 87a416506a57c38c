/** `job-agent handlers`: every operation that there is on this machine, and what is wrong with files that are refused. */
import type { CommandCall } from './commands.ts';
import { type Catalog, readCatalog } from './handler-catalog.ts';
import { visible } from './terminal-text.ts';
import { EXIT } from './usage.ts';

/** @returns `EXIT.failed` when a file would be refused. @throws ConfigError. */
export async function handlers(call: CommandCall): Promise<number> {
  const catalog = await readCatalog(call);
  const { entries } = catalog;
  process.stdout.write(call.asJson ? `${JSON.stringify(entries, null, 2)}\n` : renderCatalog(catalog));
  return entries.every(({ problems }) => problems.length === 0) ? EXIT.done : EXIT.failed;
}

const HEADINGS = ['OPERATION', 'KIND', 'INTERRUPTED', 'FROM', 'WHAT IT DOES'];

/** For people. */
export function renderCatalog({ entries, settings }: Catalog): string {
  const good = entries.filter(({ problems }) => problems.length === 0);
  const rows = good.map((entry) => [
    entry.operation,
    entry.kind ?? '',
    entry.onInterrupted,
    entry.source === 'built-in' ? 'built in' : (entry.folder ?? 'handlersDir'),
    entry.summary ?? '',
  ]);
  const faulty = entries.flatMap(({ operation, problems }) =>
    problems.map(({ reasonCode, reason }) => `  ${visible(operation)}: ${reasonCode}: ${visible(reason)}\n`),
  );
  const hasFiles = entries.some(({ source }) => source === 'file');
  return [
    table([HEADINGS, ...rows]),
    hasFiles ? '' : `no handlers in ${settings.config.handlersDir}; make one: job-agent handlers new NAME\n`,
    faulty.length === 0 ? '' : `\nrefused:\n${faulty.join('')}`,
  ].join('');
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return rows.map((row) => `${visible(line(row)).trimEnd()}\n`).join('');
}
