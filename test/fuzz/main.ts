/** `npm run test:fuzz`: a real agent takes fuzzed documents in a sandbox; nothing may come of them but what they say. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtInHandlers } from '../../handlers/built-in.ts';
import { AGENT_BUNDLE, exitOnSignals, runTestProgram } from '../fixtures/test-program.ts';
import { type FuzzArguments, parseFuzzArguments, USAGE } from './arguments.ts';
import { FAULTS, type Fault, withFault } from './faults.ts';
import { createFuzzReport, type FuzzReport } from './fuzz-report.ts';
import { type InsideLine, type InsideOptions, runInside } from './inside.ts';
import { ARENA, PLACES } from './places.ts';
import { reasonAgainstSandbox, runInSandbox } from './sandbox.ts';
import { writeExecutables, writePrograms } from './stand-ins.ts';

const OWN_BUNDLE = fileURLToPath(import.meta.url);
const HANDLERS = new URL('../handlers/', import.meta.url);

/** So many documents are enough for each fault; the most hidden was found in a third of them. */
const DOCUMENTS_FOR_A_FAULT = 600;
/** Documents by which each fault is known to be found: by those of another seed the rare ones may be missed. */
const SEED_OF_FAULTS = 1;

const INSIDE = '--inside';

const [first, options] = process.argv.slice(2);
process.exitCode =
  first === INSIDE
    ? await inside(JSON.parse(options ?? '') as InsideOptions)
    : await runTestProgram({ name: 'fuzz', usage: USAGE, parse: parseFuzzArguments, run: fuzzAndFind });

async function inside(given: InsideOptions): Promise<number> {
  exitOnSignals();
  await runInside(given, (line) => process.stdout.write(`${JSON.stringify(line)}\n`));
  process.exit(0); // the broker has connections still
}

async function fuzzAndFind(args: FuzzArguments, folder: string): Promise<boolean> {
  const against = reasonAgainstSandbox();
  if (against !== undefined) {
    process.stdout.write(`WARNING: ${against}: no fuzzed document was run\n`);
    return true;
  }
  const isClean = await fuzz(args, folder);
  const areFound = await findFaults(args, folder);
  return isClean && areFound;
}

async function fuzz(args: FuzzArguments, folder: string): Promise<boolean> {
  const { documents, seed, logFile } = args;
  process.stdout.write(`${documents} documents, seed ${seed}\n`);
  const report = await runOnce({ ...args, stopAtFirst: false }, { folder: join(folder, 'as-built'), logFile });
  process.stdout.write(`${report.table()}\n`);
  const unreached = documents < 2_000 ? [] : report.neverDone(builtInHandlers.map(({ operation }) => operation));
  for (const operation of unreached)
    process.stdout.write(`never taken: ${operation}. See test/fuzz/draw-parameters.ts\n`);
  if (report.violations.length === 0 && report.wasWhole(documents)) return unreached.length === 0;
  const file = join(folder, 'violations.json');
  await writeFile(file, JSON.stringify(report.violations, null, 2));
  for (const { document, violation } of report.violations.slice(0, 20))
    process.stdout.write(`document ${document}: ${violation}\n`);
  process.stdout.write(
    `Every violation, with its document: ${file}. Again: npm run test:fuzz -- --seed ${seed} --first N --documents 1 --faults none\n`,
  );
  return false;
}

/** Each fault put into the agent has to be found. */
async function findFaults({ faults }: FuzzArguments, folder: string): Promise<boolean> {
  let areFound = true;
  for (const fault of FAULTS.filter(({ name }) => faults.includes(name))) {
    const place = { folder: join(folder, fault.name.replace(' ', '-')), fault, logFile: undefined };
    const report = await runOnce(
      { documents: DOCUMENTS_FOR_A_FAULT, seed: SEED_OF_FAULTS, first: 0, stopAtFirst: true },
      place,
    );
    const [found] = report.violations;
    const end =
      found === undefined
        ? 'NOT FOUND'
        : `found after ${report.documents()} documents: ${found.violation.slice(0, 120)}`;
    process.stdout.write(`fault ${fault.name} (${fault.about}): ${end}\n`);
    areFound &&= found !== undefined;
  }
  return areFound;
}

interface RunPlace {
  readonly folder: string;
  readonly fault?: Fault;
  readonly logFile: string | undefined;
}

async function runOnce(options: InsideOptions, { folder, fault, logFile }: RunPlace): Promise<FuzzReport> {
  const bundle = join(folder, 'arena/bundle');
  for (const name of ['box', 'programs', 'arena/bundle']) await mkdir(join(folder, name), { recursive: true });
  const agent = await readFile(AGENT_BUNDLE, 'utf8');
  await writeFile(
    join(folder, 'arena', PLACES.bundle.slice(ARENA.length)),
    fault === undefined ? agent : withFault(agent, fault),
  );
  await copyFile(OWN_BUNDLE, join(bundle, 'test-fuzz.mjs'));
  writeFileSync(join(folder, 'arena', PLACES.examples.slice(ARENA.length)), JSON.stringify(readExamples()));
  await writePrograms(join(folder, 'programs'));
  await writeExecutables(join(folder, 'arena'));
  const report = createFuzzReport();
  let left = '';
  const { documents, seed, first: from, stopAtFirst } = options;
  const inner: InsideOptions = { documents, seed, first: from, stopAtFirst };
  const exitCode = await runInSandbox({
    inputs: folder,
    argv: [process.execPath, `${ARENA}/bundle/test-fuzz.mjs`, INSIDE, JSON.stringify(inner)],
    onOutput(text) {
      const lines = (left + text).split('\n');
      left = lines.pop() ?? '';
      for (const line of lines) report.add(JSON.parse(line) as InsideLine);
      if (logFile !== undefined) appendFileSync(logFile, lines.map((line) => `${line}\n`).join(''));
    },
  });
  report.end(exitCode);
  return report;
}

function readExamples(): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    builtInHandlers.map(({ operation }) => {
      const text = readFileSync(new URL(`${operation}/example.job.json`, HANDLERS), 'utf8');
      return [operation, (JSON.parse(text) as { readonly parameters: unknown }).parameters];
    }),
  );
}
