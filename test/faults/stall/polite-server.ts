// A control plane that is as polite as can be and has no work, as a process of its own: to be stopped in its tracks or cut off.
import { createServer } from 'node:http';
import process from 'node:process';

/** Long enough for a test to do something to a poll that is open. */
const HOLD_MS = 2_500;
const [address = '127.0.0.1', port = '0'] = process.argv.slice(2);

const server = createServer((request, response) => {
  const path = request.url ?? '';
  const isPoll = path.includes('/commands/wait/');
  if (isPoll) process.stdout.write('poll\n');
  request.resume();
  const body = isPoll
    ? { item: null }
    : path.endsWith('/report')
      ? { item: { accepted: true } }
      : { item: { commands: [] } };
  setTimeout(
    () => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    },
    isPoll ? HOLD_MS : 0,
  );
});
server.listen(Number(port), address, () => {
  const listening = server.address();
  if (listening !== null && typeof listening !== 'string') process.stdout.write(`listens ${listening.port}\n`);
});
