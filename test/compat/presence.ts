/**
 * Which real clients this machine has. They are heavy and no user of jobrig needs them, so a test that wants one that is not
 * here is skipped and says which package would bring it; `.ci/run` installs them all.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

/** A client, and what to install to have it. */
export interface Need {
  readonly package: string;
  readonly isHere: boolean;
}

/** Debian's own programs, whatever comes first on the PATH: only its interpreter sees its packages. */
export const python = '/usr/bin/python3';
const aws = '/usr/bin/aws';

export const awsCli = debianProgram('awscli', aws);
export const boto3 = debianModule('python3-boto3', 'boto3');
export const paho = debianModule('python3-paho-mqtt', 'paho.mqtt.client');
export const mosquitto = debianProgram('mosquitto-clients', '/usr/bin/mosquitto_rr');
export const deviceSdk1 = npmPackage('aws-iot-device-sdk');
export const deviceSdk2 = npmPackage('aws-iot-device-sdk-v2');

/** Skips the running test unless the client is here. */
export function wanted(need: Need, skip: (condition: boolean, note: string) => void): void {
  skip(!need.isHere, `needs ${need.package}`);
}

function debianProgram(name: string, path: string): Need {
  return { package: `Debian's ${name}`, isHere: existsSync(path) };
}

function debianModule(name: string, module: string): Need {
  const { status } = spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore' });
  return { package: `Debian's ${name}`, isHere: status === 0 };
}

function npmPackage(name: string): Need {
  return { package: `npm's ${name} (npm ci in test/compat)`, isHere: isInstalled(name) };
}

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}
