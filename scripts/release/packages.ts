// The npm packages that are inside a release: version, licence and hash of each, from its own files and the lock file.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

export interface InsidePackage {
  readonly name: string;
  readonly version: string;
  /** SPDX identifier. */
  readonly licence: string;
  readonly licenceText: string;
  /** As in package-lock.json. */
  readonly integrity: string;
}

const manifestSchema = z.object({ version: z.string(), license: z.string() });
const lockSchema = z.object({ packages: z.record(z.string(), z.object({ integrity: z.string().optional() })) });

/** Throws when one says nothing of its licence: then nobody may hand it on. */
export function insidePackages(root: string, names: readonly string[]): readonly InsidePackage[] {
  const lock = lockSchema.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  return names.map((name) => {
    const directory = join(root, 'node_modules', name);
    const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')));
    const integrity = lock.packages[`node_modules/${name}`]?.integrity;
    if (integrity === undefined) throw new Error(`package-lock.json has no hash of ${name}`);
    const licenceFile = readdirSync(directory).find((file) => /^(?:licen[cs]e|copying)(?:\.(?:md|txt))?$/iu.test(file));
    const licenceText =
      licenceFile === undefined
        ? `The package ${name} has no licence file; its package.json names the licence ${manifest.license}.\n`
        : readFileSync(join(directory, licenceFile), 'utf8');
    return { name, version: manifest.version, licence: manifest.license, licenceText, integrity };
  });
}
