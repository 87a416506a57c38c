/** Rows of figures as text. */

export type Cell = string | number;

/** Columns as wide as they must be; numbers to the right. */
export function formatTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, column) => Math.max(...texts.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[], source?: readonly Cell[]) =>
    row
      .map((text, column) => {
        const width = widths[column] ?? 0;
        return typeof source?.[column] === 'number' ? text.padStart(width) : text.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(head), rule, ...rows.map((row) => line(row.map(String), row))].join('\n');
}
