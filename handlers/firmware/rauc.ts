/**
 * RAUC (rauc.readthedocs.io, "Using RAUC" and "Reference"): `rauc install` has its service write the slot that is not booted, and
 * tells the bootloader to take it; `rauc status mark-good`, `mark-bad` and `mark-active` tell the bootloader the rest.
 */
import { type ProgramResult, runProgram } from '../../agent/handler-api.ts';
import { FirmwareError, ToolBusy } from './firmware-error.ts';
import {
  call,
  explanationOf,
  type FirmwareTool,
  percentFrom,
  type ToolFinder,
  versionOf,
  withoutQueries,
} from './tool.ts';

interface Status {
  /** Slot name, such as `rootfs.1`. */
  readonly boot_primary?: string | null;
  readonly slots: readonly Readonly<Record<string, { readonly state: string }>>[];
}

/** "Already processing a different method": of the service's D-Bus interface, de.pengutronix.rauc.Installer. */
const BUSY = /already processing/i;

export const findRauc: ToolFinder = async (_, signal): Promise<FirmwareTool | undefined> => {
  const version = await versionOf(['rauc', '--version'], signal);
  if (version === undefined) return undefined;
  return {
    name: 'rauc',
    version,
    canFetch: true,
    bootedSlot: async (within) => bootedSlotOf(await readStatus(within)),
    async install(source, { signal: within, onProgress }) {
      const result = await runProgram(['rauc', 'install', source], {
        signal: within,
        onOutput: percentFrom(onProgress),
      });
      within.throwIfAborted();
      if (result.exitCode !== 0) {
        if (BUSY.test(`${result.stderr}\n${result.stdout}`)) throw new ToolBusy('rauc is at another installation');
        throw new FirmwareError('FIRMWARE_NOT_INSTALLED', `rauc install: ${lastErrorOf(result)}`);
      }
      return { needsRestart: true, slot: (await readStatus(within)).boot_primary ?? undefined };
    },
    async commit(within) {
      await call(['rauc', 'status', 'mark-good', 'booted'], { signal: within, code: 'FIRMWARE_NOT_COMMITTED' });
    },
    async goBack(slot, within) {
      const options = { signal: within, code: 'FIRMWARE_ROLLBACK_FAILED' } as const;
      await call(['rauc', 'status', 'mark-active', slot], options);
      if (bootedSlotOf(await readStatus(within)) !== slot)
        await call(['rauc', 'status', 'mark-bad', 'booted'], options);
    },
    async describe(source, within) {
      const options = { signal: within, code: 'FIRMWARE_NOT_INSTALLED' } as const;
      const { stdout } = await call(['rauc', 'info', '--output-format=json', source], options);
      const { compatible, version: bundleVersion } = readJson<Readonly<Record<string, string | null>>>('info', stdout);
      return `version ${bundleVersion ?? 'unknown'} for ${compatible ?? 'unknown'}`;
    },
  };
};

/** The service's reason, which `rauc install` prints among the progress. */
function lastErrorOf(result: ProgramResult): string {
  const said = /^LastError: (.+)$/m.exec(result.stdout)?.[1];
  return said === undefined ? explanationOf(result) : withoutQueries(said);
}

async function readStatus(signal: AbortSignal): Promise<Status> {
  const { stdout } = await call(['rauc', 'status', '--output-format=json'], { signal });
  return readJson<Status>('status', stdout);
}

/** JSON is an option of RAUC's build (meson option `json`). */
function readJson<T>(command: string, text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    const found = text.trim() === '' ? 'nothing' : `${JSON.stringify(text.slice(0, 40))} …`;
    throw new FirmwareError(
      'FIRMWARE_TOOL_FAILED',
      `rauc ${command} --output-format=json: expected JSON, got ${found}`,
    );
  }
}

function bootedSlotOf({ slots }: Status): string {
  for (const slot of slots) {
    for (const [name, { state }] of Object.entries(slot)) if (state === 'booted') return name;
  }
  throw new FirmwareError('FIRMWARE_TOOL_FAILED', 'rauc status: no slot is booted');
}
