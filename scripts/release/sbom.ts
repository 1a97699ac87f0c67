// The bill of materials of one archive, in CycloneDX 1.6: what is inside, in which version, under which licence, with which hash. Pure.
import { createHash } from 'node:crypto';
import type { NodeRuntime } from './node-runtime.ts';
import type { InsidePackage } from './packages.ts';

export interface SbomFacts {
  readonly version: string;
  readonly architecture: string;
  readonly licence: string;
  readonly modifiedSeconds: number;
  readonly packages: readonly InsidePackage[];
  readonly runtime: NodeRuntime;
  /** What Node is made of, as process.versions tells it. */
  readonly runtimeParts: Readonly<Record<string, string>>;
}

export function sbomOf(facts: SbomFacts): string {
  const own = `pkg:generic/status-panel@${facts.version}?arch=${facts.architecture}`;
  const body = {
    metadata: {
      timestamp: new Date(facts.modifiedSeconds * 1000).toISOString(),
      component: {
        type: 'application',
        'bom-ref': own,
        name: 'status-panel',
        version: facts.version,
        licenses: [{ license: { id: facts.licence } }],
        purl: own,
      },
    },
    components: [runtimeOf(facts), ...facts.packages.map(componentOf)],
    dependencies: [
      {
        ref: own,
        dependsOn: [
          purlOf(facts.runtime.packageName, facts.runtime.version),
          ...facts.packages.map((one) => purlOf(one.name, one.version)),
        ],
      },
    ],
  };
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(body))}`,
    version: 1,
    ...body,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function componentOf({ name, version, licence, integrity }: InsidePackage): object {
  const purl = purlOf(name, version);
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    licenses: [{ license: { id: licence } }],
    purl,
    hashes: [sha512(integrity)],
    scope: 'required',
  };
}

function runtimeOf({ runtime, runtimeParts }: SbomFacts): object {
  const purl = purlOf(runtime.packageName, runtime.version);
  return {
    type: 'platform',
    'bom-ref': purl,
    name: 'node',
    version: runtime.version,
    licenses: [{ license: { id: 'MIT' } }],
    purl,
    hashes: [sha512(runtime.integrity)],
    scope: 'required',
    properties: [
      { name: 'status-panel:bin/node:sha256', value: createHash('sha256').update(runtime.binary).digest('hex') },
    ],
    components: Object.entries(runtimeParts)
      .filter(([name]) => name !== 'node' && name !== 'modules')
      .map(([name, version]) => ({ type: 'library', 'bom-ref': `node:${name}`, name, version })),
  };
}

function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

function sha512(integrity: string): { readonly alg: 'SHA-512'; readonly content: string } {
  return { alg: 'SHA-512', content: Buffer.from(integrity.replace(/^sha512-/u, ''), 'base64').toString('hex') };
}

// The same document has the same number: a random one would make two builds differ.
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
