// What a program leaves on a machine: every file with its kind, mode, owner and content, and every place where a secret can be read.
import type { Guest } from './rig/guest.ts';

/** Written to by the system at any time, whatever is installed. */
const NEVER_MIND = [
  '/proc',
  '/sys',
  '/dev',
  '/run',
  '/tmp',
  '/var/log',
  '/var/cache',
  '/var/lib/docker',
  '/var/lib/containerd',
  '/var/lib/systemd',
  '/var/lib/private',
  '/var/tmp',
  // useradd and userdel keep copies of what was before.
  '/etc/passwd-',
  '/etc/group-',
  '/etc/shadow-',
  '/etc/gshadow-',
  '/etc/.pwd.lock',
  '/etc/subuid-',
  '/etc/subgid-',
  // Docker's own key.
  '/etc/docker',
];

/** Path → kind, mode, owner, target, and the hash of a file's content. */
export async function filesOf(guest: Guest): Promise<ReadonlyMap<string, string>> {
  const pruned = NEVER_MIND.map((path) => `-path '${path}'`).join(' -o ');
  const script = `find / -xdev \\( ${pruned} \\) -prune -o -printf '%p\\t%y %m %U:%G %l\\n'; echo; find /etc /usr/local /opt /var/spool /root /srv -xdev \\( ${pruned} \\) -prune -o -type f -exec sha256sum {} +`;
  const [list = '', sums = ''] = (await guest.sh(script)).split('\n\n');
  const files = new Map<string, string>();
  for (const line of list.split('\n')) {
    const [path = '', facts = ''] = line.split('\t');
    // A folder's own size and times change with what comes and goes in it, and are not looked at.
    if (path !== '') files.set(path, facts);
  }
  for (const line of sums.split('\n')) {
    const [sum = '', path = ''] = line.split(/ {2}/u);
    if (path !== '') files.set(path, `${files.get(path) ?? ''} ${sum}`);
  }
  return files;
}

/** One line for each path that came, went or changed. */
export function differences(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths]
    .filter((path) => before.get(path) !== after.get(path))
    .map((path) => `${path}: ${before.get(path) ?? 'was not there'} → ${after.get(path) ?? 'is gone'}`);
}

/**
 * Where on the machine one of the secrets can be read by somebody who should not: command lines of all users, environments, units, what
 * systemctl shows, the journal in every field, files that everybody may read. The secrets reach the machine on standard input.
 */
export async function leaks(guest: Guest, secrets: readonly string[]): Promise<readonly string[]> {
  const script = `
    patterns=$(mktemp) && chmod 600 "$patterns" && cat > "$patterns"
    look() { grep -a -q -F -f "$patterns" && echo "$1"; }
    for process in /proc/[0-9]*; do
      tr '\\0' '\\n' < "$process/cmdline" 2>/dev/null | look "$process/cmdline: $(tr '\\0' ' ' < "$process/cmdline" | cut -c 1-60)"
      tr '\\0' '\\n' < "$process/environ" 2>/dev/null | look "$process/environ"
    done
    cat /etc/systemd/system/*.* /etc/systemd/system/*.d/* 2>/dev/null | look "a unit"
    systemctl show 'status-panel*' | look "systemctl show"
    systemctl status --no-pager --lines=1000 'status-panel*' | look "systemctl status"
    journalctl --no-pager --all -o export | look "the journal"
    find / -xdev \\( -path /proc -o -path /sys -o -path /var/lib/docker \\) -prune -o -type f -perm -004 ! -path "$patterns" -exec grep -l -a -F -f "$patterns" {} + 2>/dev/null
    find /run /tmp -type f -perm -004 -exec grep -l -a -F -f "$patterns" {} + 2>/dev/null
    rm "$patterns"
  `;
  const found = await guest.run(['sh', '-c', script], `${secrets.join('\n')}\n`);
  return found.stdout.split('\n').filter((line) => line !== '');
}
