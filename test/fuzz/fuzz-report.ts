/** What came of the documents, counted. */
import type { InsideLine } from './inside.ts';

export type ToldViolation = Extract<InsideLine, { readonly violation: string }>;

export interface FuzzReport {
  readonly violations: readonly ToldViolation[];
  add(line: InsideLine): void;
  end(exitCode: number): void;
  documents(): number;
  /** Every document was tried, and the run came to its end. */
  wasWhole(documents: number): boolean;
  /** Operations of which no document succeeded or failed in its own way. */
  neverDone(operations: readonly string[]): readonly string[];
  table(): string;
}

export function createFuzzReport(): FuzzReport {
  const violations: ToldViolation[] = [];
  const byKind = new Map<string, Map<string, number>>();
  const done = new Set<string>();
  const reasons = new Map<string, number>();
  const beganMs = performance.now();
  let documents = 0;
  let agentKib = 0;
  let exitCode: number | undefined;
  return {
    violations,
    add(line) {
      if ('agentKib' in line) agentKib = line.agentKib;
      else if ('violation' in line) violations.push(line);
      else {
        documents += 1;
        const statuses = byKind.get(line.kind) ?? new Map<string, number>();
        byKind.set(line.kind, statuses.set(line.status, (statuses.get(line.status) ?? 0) + 1));
        if (line.reasonCode !== '') reasons.set(line.reasonCode, (reasons.get(line.reasonCode) ?? 0) + 1);
        if (line.status === 'SUCCEEDED' || line.status === 'FAILED')
          for (const operation of line.operations) done.add(operation);
      }
    },
    end(code) {
      exitCode = code;
      if (code !== 0 && violations.length === 0) {
        violations.push({
          violation: `the run ended with ${code}`,
          document: documents,
          text: '',
          details: {},
          log: [],
        });
      }
    },
    documents: () => documents,
    wasWhole: (wanted) => exitCode === 0 && documents === wanted,
    neverDone: (operations) => operations.filter((operation) => !done.has(operation)),
    table() {
      const seconds = (performance.now() - beganMs) / 1000;
      return [
        ...countedTable(byKind),
        '',
        `reasons: ${[...reasons]
          .sort(([, one], [, other]) => other - one)
          .map(([reason, count]) => `${reason} ${count}`)
          .join(', ')}`,
        `${documents} documents in ${seconds.toFixed(1)} s, ${(documents / seconds).toFixed(1)} a second; agent ${Math.round(agentKib / 1024)} MiB at the end; ${violations.length} violations`,
      ].join('\n');
    },
  };
}

function countedTable(byKind: ReadonlyMap<string, ReadonlyMap<string, number>>): readonly string[] {
  const statuses = [...new Set([...byKind.values()].flatMap((counts) => [...counts.keys()]))].sort();
  const header = `${'made by'.padEnd(34)}${statuses.map((status) => status.padStart(13)).join('')}`;
  const rows = [...byKind].sort().map(([kind, counts]) => {
    return `${kind.padEnd(34)}${statuses.map((status) => String(counts.get(status) ?? 0).padStart(13)).join('')}`;
  });
  return [header, ...rows];
}
