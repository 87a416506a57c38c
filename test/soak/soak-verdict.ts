/**
 * Whether a long-lived agent stayed as it was, judged by what it was at rest: connected, no job open, garbage collected.
 *
 * Memory. Over 8 hours at a job every 10 seconds the agent may grow by 0.25 MB/h, which is 0.7 KB a job; a soak runs many
 * more jobs an hour, so that much more growth an hour is the same leak. The slope is a least-squares line, and what its
 * standard error leaves open is not held against the agent, twice over (95 %). Only the second half is judged: the agent
 * keeps 256 executions that are over, V8 compiles what is used, and the resident set was seen to settle for a quarter of
 * an hour, ever more slowly; a leak goes on. Growth over that time is bounded too, whatever the error: by 2 MB of heap,
 * 8 MB resident. That is all that a soak too short to get warm is held to, which finds leaks of some KB a job; half an
 * hour finds one of 1 KB.
 *
 * Counts. Jobs and connections come and go; what leaks does not go. So the lowest count of the last third must not be
 * above the lowest of the first third.
 */

export interface RestSample {
  readonly atHours: number;
  /** Jobs that were over by then. */
  readonly jobs: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly externalBytes: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly timers: number;
  readonly listeners: number;
  readonly emitters: number;
  readonly resources: number;
  readonly children: number;
  readonly zombies: number;
  readonly stateBytes: number;
}

export interface SoakVerdict {
  /** What is not flat, for a person; none is well. */
  readonly complaints: readonly string[];
  readonly memory: readonly MemoryFigure[];
  readonly counts: readonly CountFigure[];
  /** Rests that were judged: those after the warm-up. */
  readonly rests: number;
  readonly jobsPerHour: number;
}

export interface MemoryFigure {
  readonly name: string;
  readonly slopeKbPerHour: number;
  readonly standardErrorKbPerHour: number;
  readonly boundKbPerHour: number;
  readonly firstKb: number;
  readonly lastKb: number;
}

export interface CountFigure {
  readonly name: CountName;
  readonly first: number;
  readonly last: number;
  readonly max: number;
}

export type CountName = (typeof COUNTS)[number];

const COUNTS = [
  'descriptors',
  'threads',
  'timers',
  'listeners',
  'emitters',
  'resources',
  'children',
  'zombies',
  'stateBytes',
] as const;

const WARM_AFTER_JOBS = 300;
const WARM_AFTER_SHARE = 0.5;
const FEWEST_RESTS = 3;
/** With fewer, one timer more or less at the last of them is chance: a short soak judges jobs and memory only. */
const FEWEST_FOR_COUNTS = 6;
/** Standard errors: one flat count in a thousand looks like that, and then its lowest has to have grown as well. */
const SURELY_GROWS = 3;

const ALLOWED_BYTES_PER_HOUR = 250_000;
const AT_JOBS_PER_HOUR = 360;
const MEMORY = [
  { name: 'heap', bytesOf: (one: RestSample) => one.heapBytes + one.externalBytes, mostBytes: 2e6 },
  { name: 'resident', bytesOf: (one: RestSample) => one.rssBytes, mostBytes: 8e6 },
] as const;

export function judgeSoak(samples: readonly RestSample[]): SoakVerdict {
  const rests = afterWarmUp(samples);
  const first = rests[0];
  const last = rests.at(-1);
  if (rests.length < FEWEST_RESTS || first === undefined || last === undefined) {
    const complaints = [`only ${rests.length} rests after the warm-up: too few to judge, run longer`];
    return { complaints, memory: [], counts: [], rests: rests.length, jobsPerHour: 0 };
  }
  const hours = last.atHours - first.atHours;
  const jobsPerHour = (last.jobs - first.jobs) / hours;
  const memory = MEMORY.map(({ name, bytesOf }) => memoryFigure(name, rests, { bytesOf, jobsPerHour }));
  const counts = COUNTS.map((name) => countFigure(name, rests));
  const isWarm = first.jobs >= WARM_AFTER_JOBS;
  const complaints = [
    ...(isWarm ? memory.flatMap(complaintsOfSlope) : []),
    ...memory.flatMap((figure, index) => complaintsOfGrowth(figure, hours, MEMORY[index]?.mostBytes ?? 0)),
    ...(rests.length < FEWEST_FOR_COUNTS ? [] : COUNTS.flatMap((name) => complaintsOfCount(name, rests))),
  ];
  return { complaints, memory, counts, rests: rests.length, jobsPerHour };
}

function afterWarmUp(samples: readonly RestSample[]): readonly RestSample[] {
  const endHours = samples.at(-1)?.atHours ?? 0;
  return samples.filter(({ atHours }) => atHours >= endHours * WARM_AFTER_SHARE);
}

interface MemoryOf {
  readonly bytesOf: (sample: RestSample) => number;
  readonly jobsPerHour: number;
}

function memoryFigure(name: string, rests: readonly RestSample[], { bytesOf, jobsPerHour }: MemoryOf): MemoryFigure {
  const points = rests.map((rest) => ({ x: rest.atHours, y: bytesOf(rest) / 1_000 }));
  const { slope, standardError } = leastSquares(points);
  const load = Math.max(1, jobsPerHour / AT_JOBS_PER_HOUR);
  return {
    name,
    slopeKbPerHour: slope,
    standardErrorKbPerHour: standardError,
    boundKbPerHour: (ALLOWED_BYTES_PER_HOUR / 1_000) * load,
    firstKb: points[0]?.y ?? 0,
    lastKb: points.at(-1)?.y ?? 0,
  };
}

function complaintsOfSlope(figure: MemoryFigure): readonly string[] {
  const { name, slopeKbPerHour, standardErrorKbPerHour, boundKbPerHour } = figure;
  const surely = slopeKbPerHour - 2 * standardErrorKbPerHour;
  if (surely <= boundKbPerHour) return [];
  return [`${name} grows by at least ${kb(surely)}/h; allowed are ${kb(boundKbPerHour)}/h`];
}

function complaintsOfGrowth(
  { name, slopeKbPerHour }: MemoryFigure,
  hours: number,
  mostBytes: number,
): readonly string[] {
  const growth = slopeKbPerHour * hours;
  if (growth <= mostBytes / 1_000) return [];
  return [`${name} grew by ${kb(growth)} altogether; allowed are ${kb(mostBytes / 1_000)}`];
}

function countFigure(name: CountName, rests: readonly RestSample[]): CountFigure {
  const values = rests.map((rest) => rest[name]);
  return { name, first: values[0] ?? 0, last: values.at(-1) ?? 0, max: Math.max(...values) };
}

/** The lowest, as rests differ by a timer or two. In a short soak a low one may come at first alone: then nothing surely grows. */
function complaintsOfCount(name: CountName, rests: readonly RestSample[]): readonly string[] {
  const { slope, standardError } = leastSquares(rests.map((rest) => ({ x: rest.atHours, y: rest[name] })));
  if (slope <= SURELY_GROWS * standardError) return [];
  const third = Math.ceil(rests.length / 3);
  const lowest = (part: readonly RestSample[]) => Math.min(...part.map((rest) => rest[name]));
  const before = lowest(rests.slice(0, third));
  const after = lowest(rests.slice(-third));
  return after > before ? [`${name}: never below ${after} at last, ${before} at first`] : [];
}

function leastSquares(points: readonly { readonly x: number; readonly y: number }[]): {
  readonly slope: number;
  readonly standardError: number;
} {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanX = mean(points.map(({ x }) => x));
  const meanY = mean(points.map(({ y }) => y));
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const errors = points.reduce((sum, { x, y }) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  return { slope, standardError: Math.sqrt(errors / (points.length - 2) / spread) };
}

function kb(value: number): string {
  return `${value.toFixed(0)} KB`;
}
