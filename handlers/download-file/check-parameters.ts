/** What a schema cannot say of the parameters. */
import {
  fileServerProblem,
  type HandlerFacts,
  type ParameterProblem,
  readArtifactKeys,
} from '../../agent/handler-api.ts';
import type { DownloadFileParameters } from './parameters.ts';
import { parseSignature, signatureInvalid } from './signature.ts';

export function checkParameters(parameters: DownloadFileParameters, facts: HandlerFacts): ParameterProblem | undefined {
  const { url, signatureUrl } = parameters;
  for (const [pointer, each] of [
    ['/url', url],
    ['/signatureUrl', signatureUrl],
  ] as const) {
    const reason = each === undefined ? undefined : fileServerProblem(each, facts);
    if (reason !== undefined) return { pointer, reason };
  }
  return signatureProblem(parameters, facts);
}

/** For operations that download by this one, and whose documents name no signatures. @throws DownloadError */
export function checkIsSigned(parameters: DownloadFileParameters, facts: HandlerFacts): void {
  const problem = signatureProblem(parameters, facts);
  if (problem !== undefined) throw signatureInvalid(`${problem.pointer.slice(1)} ${problem.reason}`);
}

function signatureProblem(
  { signature, signatureUrl, signatureKey }: DownloadFileParameters,
  { artifactKeys, requireSignature }: HandlerFacts,
): ParameterProblem | undefined {
  if (signature === undefined && signatureUrl === undefined) {
    if (requireSignature) {
      return { pointer: '/signature', reason: 'is missing, and so is signatureUrl: unsigned files are refused here' };
    }
    return signatureKey === undefined
      ? undefined
      : { pointer: '/signatureKey', reason: 'is of no use without signature or signatureUrl' };
  }
  if (signature !== undefined && signatureUrl !== undefined) {
    return { pointer: '/signatureUrl', reason: 'is one too many beside signature' };
  }
  const names = readArtifactKeys(artifactKeys).keys.map(({ name }) => name);
  if (signatureKey !== undefined && !names.includes(signatureKey)) {
    return {
      pointer: '/signatureKey',
      reason: `expected a key of artifactKeys (${names.join(', ') || 'none'}), got ${signatureKey}`,
    };
  }
  const pointer = signature === undefined ? '/signatureUrl' : '/signature';
  if (names.length === 0) return { pointer, reason: 'cannot be checked: artifactKeys has no key' };
  const parsed = signature === undefined ? undefined : parseSignature(Buffer.from(signature));
  return typeof parsed === 'string' ? { pointer, reason: parsed } : undefined;
}
