import type { DownloadFigures, Turn } from './download.ts';
import type { Memory } from './process-memory.ts';

const NAME_LENGTH = 46;

export function downloadTable(mebibytes: number, { agent, curl, idle, bareNode }: DownloadFigures): string {
  const rates = (turns: readonly Turn[]) => turns.map(({ tookMs }) => ((mebibytes * 1000) / tookMs).toFixed(0));
  const seconds = (turns: readonly Turn[]) => turns.map(({ cpuSeconds }) => cpuSeconds.toFixed(2));
  const ratios = (of: (turn: Turn) => number) =>
    agent.map((turn, round) => of(curl[round] ?? { tookMs: Number.NaN, cpuSeconds: Number.NaN }) / of(turn));
  const throughputs = ratios(({ tookMs }) => tookMs);
  const grown = (name: keyof Memory) => agent.map(({ peak }) => mib(peak[name] - idle[name] - bareNode[name]));
  return [
    `\n${mebibytes} MiB over HTTPS on loopback, with SHA-256, written and synced; in turns`,
    line('curl | tee FILE | sha256sum; sync FILE, MiB/s', rates(curl)),
    line('job-agent, from CreateJob to its outcome, MiB/s', rates(agent)),
    line(
      'ratio, and their median',
      [...throughputs, median(throughputs)].map((one) => one.toFixed(2)),
    ),
    line('processor seconds, curl | tee | sha256sum', seconds(curl)),
    line('processor seconds, agent and handler host', seconds(agent)),
    `  idle agent ${mib(idle.rssKiB)} MiB RSS, ${mib(idle.pssKiB)} PSS; bare Node.js ${mib(bareNode.rssKiB)}, ${mib(bareNode.pssKiB)}`,
    line('growth over both, RSS, MiB', grown('rssKiB')),
    line('growth over both, PSS, MiB', grown('pssKiB')),
  ].join('\n');
}

function line(name: string, values: readonly string[]): string {
  return `  ${name.padEnd(NAME_LENGTH)} ${values.map((value) => value.padStart(7)).join('')}`;
}

function mib(kib: number): string {
  return (kib / 1024).toFixed(1);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const [one = Number.NaN, other = Number.NaN] = [sorted[middle], sorted[sorted.length - 1 - middle]];
  return (one + other) / 2;
}
