/** docs/conformance.md: what AWS IoT Jobs does, how well it is known, and what holds the local cloud to it. */
import { DEFAULT_SERVICE_OPTIONS } from '../../local-cloud/jobs-service/service-options.ts';
import { CASE_GROUPS } from '../../test/conformance/all-cases.ts';
import { STATEMENT_PARTS, STATEMENTS } from '../../test/conformance/all-statements.ts';
import type { ConformanceCase } from '../../test/conformance/case.ts';
import { MARKS, type Mark, type Statement } from '../../test/conformance/statement.ts';
import { renderTable } from './markdown-table.ts';
import { renderTestLinks, type TestLink } from './test-link.ts';

interface FiledCase extends ConformanceCase {
  readonly file: string;
}

const CASES: readonly FiledCase[] = CASE_GROUPS.flatMap(({ file, cases }) => cases.map((one) => ({ ...one, file })));

const MARK_MEANINGS: Readonly<Record<Mark, string>> = {
  documented: 'AWS’s guides, API reference or models say it',
  'seen on the wire': 'output or code that AWS published shows it',
  'third party': 'somebody else says they captured it',
  inferred: 'the best reading of all that; said nowhere',
  unknown: 'not known; the row says what the local cloud does',
};

export function conformanceTestLinks(): readonly TestLink[] {
  return STATEMENTS.flatMap(({ tests }) => tests);
}

export function renderConformancePage(): string {
  return `# What the local cloud is held to

<!-- Made by \`npm run docs\` from test/conformance. -->

Everything that AWS IoT Jobs is known to do, one row each: how well it is known, who says so, and the cases and tests that hold
[the local cloud](local-cloud.md) to it. A case is a small program against the service: \`npm test\` runs all of them on the
local cloud; \`npm run test:aws\` runs those that need no turned clock on an account of AWS and prints what differs. No
account was at hand when this was written: what is not marked as documented or seen is worth such a run.

${renderCounts()}
${CASES.length} cases, ${CASES.filter(({ onAws }) => onAws).length} of them for an account too.

${STATEMENT_PARTS.map(({ heading, statements }) => `## ${heading}\n\n${renderStatements(statements)}`).join('\n')}`;
}

function renderCounts(): string {
  const rows = MARKS.map((mark) =>
    countRow(
      mark,
      MARK_MEANINGS[mark],
      STATEMENTS.filter((row) => row.mark === mark),
    ),
  );
  return renderTable(
    ['Mark', 'Means', 'Statements', 'Held', 'Not held', 'Not of one machine'],
    [...rows, countRow('all', '', STATEMENTS)],
  );
}

function countRow(name: string, meaning: string, rows: readonly Statement[]): readonly string[] {
  const held = rows.filter(isHeld).length;
  const outside = rows.filter((row) => !isHeld(row) && row.outside !== undefined).length;
  return [name, meaning, ...[rows.length, held, rows.length - held - outside, outside].map(String)];
}

function isHeld(row: Statement): boolean {
  return row.tests.length > 0 || casesOf(row).length > 0;
}

function casesOf({ id }: Statement): readonly FiledCase[] {
  return CASES.filter(({ holds }) => holds.includes(id));
}

function renderStatements(statements: readonly Statement[]): string {
  return renderTable(
    ['Id', 'Statement', 'Mark', 'Source', 'Held by'],
    statements.map((row) => [`\`${row.id}\``, row.says + switchOf(row), row.mark, row.source, renderHolders(row)]),
  );
}

function switchOf({ option }: Statement): string {
  return option === undefined ? '' : ` Switch: \`${option}\`, by default \`${DEFAULT_SERVICE_OPTIONS[option]}\`.`;
}

function renderHolders(row: Statement): string {
  if (!isHeld(row)) return row.outside ?? '**not held**';
  const cases = casesOf(row).map(
    ({ title, file, onAws }) => `[${title}](../test/conformance/cases/${file}.ts)${onAws ? '' : ' (local only)'}`,
  );
  return [...cases, ...(row.tests.length > 0 ? [renderTestLinks(row.tests)] : [])].join('<br>');
}
