/**
 * What each operation is tested against, for docs/handlers.md: `npm run docs` writes it there. A rule
 * (test/rules/handlers-page.test.ts) wants an entry for every built-in operation, and that its tests are there.
 */

export interface TestedAgainst {
  /** Real programs, servers and files: what Debian has. */
  readonly real?: string;
  /** What takes the place of a program that cannot be had in a test, and whose manual it behaves by. */
  readonly standIn?: string;
  /** Programs that are never started: only the argument lists for them are compared with their manuals. */
  readonly argumentListsOnly?: string;
  /** From the root of the repository; each names the operation. At least one. */
  readonly tests: readonly string[];
}

/** By operation, in the order of the alphabet. */
export const TESTED_AGAINST: Readonly<Record<string, TestedAgainst>> = {
  applications: {
    real: 'a booted Debian with systemd (`npm run test:systemd`)',
    standIn: 'systemctl and journalctl, by their manuals',
    tests: ['test/handlers/applications.test.ts', 'test/system/systemd.sh'],
  },
  'collect-logs': {
    real: 'journalctl on a journal of systemd, log files, gzip, an HTTP server on loopback, tar as a reader of the archive',
    tests: ['test/handlers/collect-logs.test.ts'],
  },
  containers: {
    real: 'podman, podman-compose and a registry of Debian, in scratch folders, run by root; a docker daemon with the plugin docker compose, unpacked from Debian 13; docker-compose 1.29 with podman as the engine; with podman and with docker, an agent process that is killed and power that is cut in the middle',
    tests: [
      'test/programs/containers.test.ts',
      'test/programs/containers-way-back.test.ts',
      'test/programs/containers-job.test.ts',
      'test/programs/containers-docker.test.ts',
      'test/programs/containers-dockerd.test.ts',
    ],
  },
  delay: {
    real: 'an agent process and the local cloud',
    tests: ['test/handlers/delay.test.ts', 'test/system/sdk-v1-jobs.test.ts'],
  },
  'download-file': {
    real: 'HTTP and HTTPS servers on loopback with certificates of their own, a proxy, signatures by openssl and minisign; agent, link and power cut off',
    tests: [
      'test/handlers/download-file.test.ts',
      'test/handlers/download-addresses.test.ts',
      'test/handlers/download-checks.test.ts',
      'test/handlers/download-resume.test.ts',
      'test/handlers/download-signatures.test.ts',
      'test/handlers/proxy.test.ts',
      'test/handlers/large-download.test.ts',
      'test/handlers/transfer-plans.test.ts',
      'test/system/download-job.test.ts',
    ],
  },
  'install-application': {
    real: 'HTTP servers on loopback, real files, links and folders; an agent process that is killed; a booted Debian with systemd (`npm run test:systemd`)',
    standIn: 'systemctl and journalctl, by their manuals',
    tests: ['test/handlers/install-application.test.ts', 'test/system/sdk-v1-jobs.test.ts', 'test/system/systemd.sh'],
  },
  'edit-config': {
    real: 'real files with owners and attributes, programs of Debian as `check` and `apply`, git, PyYAML and netplan as readers of what was written; power cut off at each call to the file system',
    tests: [
      'test/handlers/edit-config.test.ts',
      'test/handlers/edit-config-formats.test.ts',
      'test/handlers/edit-config-yaml.test.ts',
      'test/handlers/edit-config-power.test.ts',
    ],
  },
  firmware: {
    real: 'RAUC with its service and signed bundles, SWUpdate with signed images and a U-Boot environment, Mender 3.4 with artifacts; slots are files, a script is the bootloader, and a restart starts another slot; with RAUC, an agent process over restarts, and killed before and after the installation; RAUC and Mender fetch from an HTTPS server',
    argumentListsOnly: 'mender-update of Mender 4, which takes the same words; RAUC’s streaming',
    tests: [
      'test/programs/firmware-rauc.test.ts',
      'test/programs/firmware-tools.test.ts',
      'test/programs/firmware-job.test.ts',
      'test/programs/firmware-url.test.ts',
    ],
  },
  'install-packages': {
    real: 'apt and dpkg in a scratch root, with a repository of its own',
    argumentListsOnly: 'opkg, dnf, apk',
    tests: ['test/handlers/packages.test.ts'],
  },
  inventory: {
    real: 'this machine, beside what df and dpkg-query say of it; an HTTP server on loopback',
    argumentListsOnly: 'the lists of opkg, dnf, apk',
    tests: ['test/handlers/inventory.test.ts'],
  },
  reboot: {
    real: 'an agent process, and a booted Debian with systemd that restarts (`npm run test:systemd`)',
    tests: ['test/handlers/reboot.test.ts', 'test/system/reboot-job.test.ts', 'test/system/systemd.sh'],
  },
  'remove-packages': {
    real: 'apt and dpkg in a scratch root, with a repository of its own',
    argumentListsOnly: 'opkg, dnf, apk',
    tests: ['test/handlers/packages.test.ts'],
  },
  'run-command': {
    real: 'programs of Debian, run by an agent process',
    tests: ['test/handlers/run-command.test.ts', 'test/system/handlers.test.ts'],
  },
  services: {
    real: 'units of a booted Debian with systemd (`npm run test:systemd`)',
    standIn: 'a `systemctl` that keeps units in a file and answers as systemctl(1) says',
    tests: ['test/handlers/services.test.ts', 'test/system/systemd.sh'],
  },
  'set-log-level': {
    real: 'the agent’s own log',
    tests: ['test/handlers/set-log-level.test.ts'],
  },
  shutdown: {
    real: 'an agent process that starts again in another boot, and a booted Debian with systemd that is powered off (`npm run test:systemd`)',
    tests: ['test/handlers/shutdown.test.ts', 'test/system/reboot-job.test.ts', 'test/system/systemd.sh'],
  },
  'system-info': {
    real: 'this machine, asked by an agent process',
    tests: ['test/system/handlers.test.ts', 'test/system/demo-job.test.ts'],
  },
  'unpack-archive': {
    real: 'archives of GNU tar in each of its formats, compressed by gzip, xz, zstd and bzip2, unpacked by these and by BusyBox; archives of zip, 7-Zip and Python’s zipfile; archives that none of them would make',
    tests: [
      'test/handlers/unpack-archive.test.ts',
      'test/handlers/unpack-compressed.test.ts',
      'test/handlers/unpack-zip.test.ts',
      'test/handlers/unpack-kills.test.ts',
    ],
  },
  'upload-file': {
    real: 'HTTP and HTTPS servers on loopback with certificates of their own, real files',
    tests: ['test/handlers/upload-file.test.ts'],
  },
  'write-file': {
    real: 'real files; an agent killed at each system call (`npm run test:chaos`)',
    tests: ['test/handlers/write-file.test.ts', 'test/handlers/edit-config-power.test.ts'],
  },
};
