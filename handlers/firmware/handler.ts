import {
  commandProblem,
  fileServerProblem,
  type HandlerContext,
  type HandlerFacts,
  type HandlerResult,
  type ModuleHandler,
  type ParameterProblem,
} from '../../agent/handler-api.ts';
import { menderFinder } from './mender.ts';
import { type FirmwareParameters, firmwareParameters } from './parameters.ts';
import { planFirmware } from './plan.ts';
import { findRauc } from './rauc.ts';
import { swupdateFinder } from './swupdate.ts';
import type { ToolFinders } from './tool.ts';
import { giveUp, install, look, resultOf } from './update.ts';

/**
 * Power lost while the other slot is written: it is written again from its beginning. Lost after that: the start that follows
 * is the restart that was to come.
 * @param commandLineFile where the kernel says with which parameters it was started.
 */
export function createFirmwareHandler(commandLineFile = '/proc/cmdline'): ModuleHandler<typeof firmwareParameters> {
  const finders: ToolFinders = {
    rauc: findRauc,
    swupdate: swupdateFinder(commandLineFile),
    mender: menderFinder(commandLineFile),
  };
  const guarded =
    (part: typeof install) =>
    (context: HandlerContext, parameters: FirmwareParameters): Promise<HandlerResult> =>
      part(context, parameters, finders).catch((error: unknown) => resultOf(error, context.signal));
  return {
    operation: 'firmware',
    kind: 'module',
    summary: 'Installs a system image with RAUC, SWUpdate or Mender, restarts, checks it, and keeps it or goes back.',
    parameters: firmwareParameters,
    needs: 'rauc, swupdate, mender-update or mender, and two systems that a bootloader chooses from',
    onInterrupted: 'resume',
    exclusive: true,
    defaultTimeoutSeconds: 7200,
    check: checkFirmware,
    plan: (parameters, context) => planFirmware(parameters, context, finders),
    run: guarded(install),
    verify: guarded(look),
    cleanup: guarded(giveUp),
  };
}

export const firmwareHandler = createFirmwareHandler();

const NOTHING_TO_INSTALL =
  'expected bundle, a file that a step before has brought, or url, for a tool that fetches it itself (tool: rauc or mender); ' +
  'beside it healthCheck, a program that says after the restart whether the new system stays';

function checkFirmware(parameters: FirmwareParameters, facts: HandlerFacts): ParameterProblem | undefined {
  const { bundle, url, tool, healthCheck, healthTimeoutSeconds } = parameters;
  if (bundle === undefined && url === undefined) return { pointer: '', reason: NOTHING_TO_INSTALL };
  if (bundle !== undefined && url !== undefined) {
    return { pointer: '/url', reason: 'expected either bundle or url, got both' };
  }
  if (url !== undefined && tool === 'swupdate') {
    return { pointer: '/url', reason: 'means nothing for swupdate: bring the image by download-file, and give bundle' };
  }
  const refusal = url === undefined ? undefined : fileServerProblem(url, facts);
  if (refusal !== undefined) return { pointer: '/url', reason: refusal };
  for (const name of ['healthCheck', 'commit', 'rollback'] as const) {
    const command = parameters[name];
    const problem = command === undefined ? undefined : commandProblem(command, `/${name}`, facts.allowedCommands);
    if (problem !== undefined) return problem;
  }
  if (healthCheck === undefined && healthTimeoutSeconds !== undefined) {
    return { pointer: '/healthTimeoutSeconds', reason: 'means nothing for an update without healthCheck' };
  }
  const stray = (['select', 'commit', 'rollback'] as const).find((name) => parameters[name] !== undefined);
  if (stray !== undefined && tool !== undefined && tool !== 'swupdate') {
    return { pointer: `/${stray}`, reason: `means nothing for ${tool}` };
  }
  return undefined;
}
