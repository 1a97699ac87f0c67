// Two containers as a small shop might run them: they do little, and log secrets as real software does.
import { dockerClient, removeContainer, runContainer } from '../parts/containers.ts';
import type { EngineAddress } from '../parts/engine-request.ts';
import { importBusyboxImage } from '../parts/images.ts';

export const STACK_PROJECT = 'status-panel-demo';
const IMAGE = 'status-panel-demo:busybox';

// Put together at run time: a scanner that finds a token's shape in a repository cannot know that it is made up.
const MADE_UP = {
  stripe: ['sk', 'live', '4eC39HqLyjWDarjtT1zdp7dc'].join('_'),
  github: ['ghp', 'A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8'].join('_'),
  password: ['Tr0ub4dor', 'and', '3'].join('-'),
};

const WEB = `
echo "shop starting, workers=2"
echo "connecting to postgres://shop:$DB_PASSWORD@db:5432/shop"
echo '{"level":"info","msg":"payment provider ready","api_key":"'$STRIPE_SECRET_KEY'"}'
echo "GET /login 200 4ms" ; echo "customer jane.doe@example.com logged in"
echo "Authorization: Bearer $DEPLOY_TOKEN" >&2
echo "order 1001 paid with card 4111 1111 1111 1111"
trap 'echo "shop stopping"; exit 0' TERM
i=0; while :; do i=$((i+1)); echo "heartbeat $i, failed to get secret: context deadline exceeded"; sleep 2 & wait $!; done
`;

const DB = `
echo "database system is ready to accept connections"
echo "LOG: statement: ALTER USER shop WITH PASSWORD '$POSTGRES_PASSWORD';"
echo "-----BEGIN PRIVATE KEY-----"
echo "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
echo "MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu"
echo "-----END PRIVATE KEY-----"
trap 'exit 0' TERM
while :; do sleep 60 & wait $!; done
`;

export interface SampleStack extends AsyncDisposable {
  readonly description: string;
}

export async function startSampleStack(engine: EngineAddress): Promise<SampleStack> {
  await importBusyboxImage(engine, IMAGE);
  const services = [
    {
      service: 'web',
      script: WEB,
      env: { DB_PASSWORD: MADE_UP.password, STRIPE_SECRET_KEY: MADE_UP.stripe, DEPLOY_TOKEN: MADE_UP.github },
    },
    { service: 'db', script: DB, env: { POSTGRES_PASSWORD: MADE_UP.password } },
  ];
  const names = services.map(({ service }) => `${STACK_PROJECT}-${service}`);
  const remove = async (): Promise<void> => {
    for (const name of names) await removeContainer(engine, name);
  };
  // An earlier demo that was killed may have left them.
  await remove();
  for (const { service, script, env } of services) {
    await runContainer(engine, {
      image: IMAGE,
      name: `${STACK_PROJECT}-${service}`,
      command: ['sh', '-c', script],
      env,
      labels: { 'com.docker.compose.project': STACK_PROJECT, 'com.docker.compose.service': service },
      stopTimeoutSeconds: 3,
    });
  }
  return {
    description: 'two containers, "web" and "db", that log passwords, tokens and a private key',
    [Symbol.asyncDispose]: async () => {
      await remove();
      await dockerClient(engine).getImage(IMAGE).remove();
    },
  };
}
