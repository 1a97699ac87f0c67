// docs/configuration.md: every setting of the agent, and how it is given.
import { DEFAULT_POLICY } from '../../src/agent/policy/policy.ts';
import { json, page } from './markdown.ts';
import { settingsTable, waysTable } from './settings-table.ts';

export function configurationPage(): string {
  return page(
    'Configuration',
    `The agent reads its settings from four places. A flag wins over an environment variable, that over the file, and that over the default.
Unknown keys are refused, and all faults are reported at once, each with the setting, what was wrong and an example (exit code 78).`,
    `The file is JSON: \`--config FILE\`, else \`STATUS_PANEL_CONFIG\`, else \`/etc/status-panel/config.json\` for root and under systemd, else
\`config.json\` in the user's own configuration directory. [schema/config.json](../schema/config.json) describes it. State is kept in
\`--state-directory DIR\`, else \`STATUS_PANEL_STATE_DIRECTORY\`, else systemd's \`STATE_DIRECTORY\`, else \`/var/lib/status-panel\` for root, else
the user's own data directory.`,
    json({ server_url: 'https://panel.example.com', log_level: 'info' }),
    '## Settings',
    settingsTable(),
    '## How each is given',
    waysTable(),
    `A secret is never a setting: the purchase token comes from a file, standard input or \`STATUS_PANEL_PURCHASE_TOKEN\`, the Vault token from
a file or a systemd credential.`,
    '## The policy file',
    `What the control plane may not decide stands in a second file, \`policy.json\` beside the configuration file, which only the host's owner
writes. Without it the defaults hold, which allow the least. A file that cannot be understood ends the agent with exit code 78: it does not run
under a policy it has guessed. It is read when the agent starts. [schema/policy.json](../schema/policy.json) describes it; these are the defaults:`,
    json(DEFAULT_POLICY),
    'What `redaction` can hold is shown in [redaction.md](redaction.md#what-an-owner-adds).',
  );
}
