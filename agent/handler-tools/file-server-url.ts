/** Which file servers a handler may talk to, and whom it trusts to vouch for them. */
import { rootCertificates } from 'node:tls';

/** What is wrong with a URL that a file comes from or goes to, or nothing. */
export function urlProblem(url: string, insecureHosts: readonly string[]): string | undefined {
  if (!URL.canParse(url)) return 'is not a URL';
  const { protocol, hostname, username, password } = new URL(url);
  if (username !== '' || password !== '') return 'has a user name or password in it, which would end up in logs';
  if (protocol === 'https:') return undefined;
  if (protocol !== 'http:') return `begins with ${protocol}, not https:`;
  if (insecureHosts.some((host) => host.toLowerCase() === hostname)) return undefined;
  return `begins with http:, and ${hostname} is not one of insecureDownloadHosts`;
}

/** For node:https. `ca` takes the place of the public authorities (tls.createSecureContext), so these are named as well. */
export function trustedAuthorities(caPem: string): { ca?: string[] } {
  return caPem === '' ? {} : { ca: [...rootCertificates, caPem] };
}
