import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  failed,
  fileProblem,
  fileServerProblem,
  type HandlerContext,
  type HandlerPlan,
  type HandlerResult,
  type ModuleHandler,
  succeeded,
} from '../../agent/handler-api.ts';
import { findPackageManager } from '../install-packages/package-manager.ts';
import { listInstalled, StepEnd } from '../install-packages/package-step.ts';
import { uploadFile } from '../upload-file/handler.ts';
import { type DiskFacts, type NetworkFacts, readDisks, readNetwork, readSystem, type SystemFacts } from './machine.ts';
import { type InventoryParameters, inventoryParameters, PARTS } from './parameters.ts';

/** It only looks, and what it puts somewhere takes the place of what it put there before. */
export const inventoryHandler: ModuleHandler<typeof inventoryParameters> = {
  operation: 'inventory',
  kind: 'module',
  summary: 'Tells what the gateway is: model, system, disks, network, packages with their versions.',
  parameters: inventoryParameters,
  needs: 'for `packages` apt, opkg, dnf or apk',
  onInterrupted: 'rerun',
  defaultTimeoutSeconds: 600,
  check({ url }, facts) {
    const problem = url === undefined ? undefined : fileServerProblem(url, facts);
    return problem === undefined ? undefined : { pointer: '/url', reason: problem };
  },
  plan: planInventory,
  run: takeInventory,
};

interface Inventory {
  readonly thingName: string;
  readonly agentVersion: string;
  /** ISO 8601, UTC. */
  readonly collectedAt: string;
  readonly system: SystemFacts;
  readonly disks?: readonly DiskFacts[];
  readonly network?: readonly NetworkFacts[];
  readonly packages?: PackageFacts;
}

interface PackageFacts {
  readonly manager: string;
  /** Version by name. */
  readonly installed: Readonly<Record<string, string>>;
}

const FILE = 'inventory.json';

async function takeInventory(
  context: HandlerContext,
  { include = [...PARTS], url }: InventoryParameters,
): Promise<HandlerResult> {
  const { facts, signal, workDir } = context;
  try {
    const inventory: Inventory = {
      thingName: facts.thingName,
      agentVersion: facts.agentVersion,
      collectedAt: new Date().toISOString(),
      system: await readSystem(),
      ...(include.includes('disks') ? { disks: await readDisks() } : {}),
      ...(include.includes('network') ? { network: readNetwork() } : {}),
      ...(include.includes('packages') ? { packages: await readPackages(signal) } : {}),
    };
    if (url === undefined) return succeeded(summaryOf(inventory));
    const problem = await keep(join(workDir, FILE), inventory);
    if (problem !== undefined) return failed('FILE_NOT_WRITTEN', problem);
    const result = await uploadFile(context, { url, path: FILE });
    if (result.kind !== 'succeeded') return result;
    const { bytes = 0, sha256 = '' } = result.details;
    const { model, os, packages } = summaryOf(inventory);
    return succeeded({ ...withoutEmpty({ model, os, packages }), bytes, sha256 });
  } catch (error) {
    if (error instanceof StepEnd) return error.result;
    if (signal.aborted) return failed('INVENTORY_STOPPED', 'stopped while the gateway was looked at');
    throw error;
  } finally {
    await rm(join(workDir, FILE), { force: true });
  }
}

/** @returns why it could not be written. */
async function keep(path: string, inventory: Inventory): Promise<string | undefined> {
  try {
    await writeFile(path, `${JSON.stringify(inventory, null, 2)}\n`, { mode: 0o600 });
    return undefined;
  } catch (error) {
    return fileProblem(error, path, 'put');
  }
}

/** A gateway without a package manager has none of its packages: that is no failure. @throws StepEnd */
async function readPackages(signal: AbortSignal): Promise<PackageFacts> {
  const manager = await findPackageManager(signal);
  if (manager === undefined) return { manager: 'none', installed: {} };
  return { manager: manager.name, installed: Object.fromEntries(await listInstalled(manager, signal)) };
}

/** Nine pairs at most: the service takes ten (AWS IoT API Reference, CancelJobExecution), and one is left for the agent. */
function summaryOf({ system, disks, network, packages, agentVersion }: Inventory): Readonly<Record<string, string>> {
  const { model, os, kernel, arch, machine, bootId, memoryTotalBytes, cpus } = system;
  return withoutEmpty({
    model,
    os: os.name === '' ? arch : `${os.name}, ${arch}`,
    kernel: `${kernel} ${machine}`,
    hardware: `${cpus} CPUs, ${gib(memoryTotalBytes)} GiB`,
    bootId,
    agentVersion,
    disks: disks
      ?.map((disk) => `${disk.mountPoint} ${gib(disk.freeBytes)} of ${gib(disk.totalBytes)} GiB free`)
      .join(', '),
    network: network?.map((each) => `${each.interface} ${each.addresses.join(' ')}`).join(', '),
    packages: packages === undefined ? undefined : `${packages.manager}: ${Object.keys(packages.installed).length}`,
  });
}

function withoutEmpty(details: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(details).flatMap(([name, text]) => (text === undefined || text === '' ? [] : [[name, text]])),
  );
}

function gib(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1);
}

async function planInventory({ include = [...PARTS], url }: InventoryParameters): Promise<HandlerPlan> {
  const target = url === undefined ? undefined : new URL(url);
  return {
    actions: [
      `look at the system${include.length === 0 ? '' : ` and its ${include.join(', ')}`}`,
      target === undefined ? 'tell a summary' : `put it as JSON to ${target.origin}${target.pathname}`,
    ],
    problems: [],
  };
}
