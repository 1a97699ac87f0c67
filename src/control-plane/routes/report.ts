// POST /api/v1/agent/commands/report: the outcome of a command; the first one accepted is final (REQUIREMENTS B5, PROTOCOL.md §1.7).
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ErrorCode } from '../../protocol/error-code.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { ROUTE } from '../../protocol/routes.ts';
import { commandId, deploymentHash, timestamp } from '../../protocol/text.ts';
import { notYours } from '../http/authenticate.ts';
import { readBody } from '../http/body.ts';
import { problem } from '../http/problem.ts';
import type { CommandRow } from '../queue/command-row.ts';
import { acceptedResult } from '../queue/command-result.ts';
import type { Services } from '../services.ts';

// Wider than what our own agent sends: other agents send no command_status and any JSON as error.
const request = z.object({
  command_id: commandId,
  deployment_hash: deploymentHash,
  status: z.string().max(100),
  command_status: z.string().max(100).nullish(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
  errors: z.array(z.unknown()).max(LIMITS.errorsMaxCount).nullish(),
  started_at: timestamp.nullish(),
  completed_at: timestamp,
  executed_by: z.string().max(100).nullish(),
});
type Report = z.infer<typeof request>;

/**
 * Agent only. Checked in this order: 403 wrong_deployment, 400 invalid_command_status, 404 command_not_found, 400 invalid_result.
 * 200 `{message, item:{accepted, message}}`, also for a command that already has its outcome: a repeated or a different report then
 * changes nothing. A failure whose first error is `cancelled` ends a command that somebody wanted cancelled as `cancelled`. Bodies over 2 MiB
 * are 413.
 */
export function reportRoute(server: FastifyInstance, services: Services): void {
  server.route({
    method: 'POST',
    url: ROUTE.report,
    bodyLimit: LIMITS.reportMaxBytes,
    handler: async (incoming) => {
      const agent = await services.authenticator.agent(incoming);
      const report = readBody(request, incoming);
      if (report.deployment_hash !== agent.deploymentHash) throw notYours();
      const status = finalStatus(report);
      const command = await commandOf(services, report);
      // Before the result is looked at: whoever repeats a report must get its 200, whatever the validation says by then.
      if (isFinished(command)) return answer(command, 'already recorded');
      const finished = await services.queue.finish({
        commandId: report.command_id,
        status,
        result: acceptedResult(command.type, command.deployment_hash, report.result, report.status),
        error: hasErrors(report) ? { errors: report.errors } : report.error,
        executedBy: report.executed_by ?? undefined,
        endedByCancel: status === 'failed' && saysCancelled(report),
      });
      if (finished === undefined) return answer(await commandOf(services, report), 'already recorded');
      services.log.info('command finished', {
        command_id: finished.command_id,
        deployment_hash: finished.deployment_hash,
        type: finished.type,
        status: finished.status,
        deliveries: finished.deliveries,
      });
      return answer(finished, 'accepted');
    },
  });
}

function hasErrors(report: Report): boolean {
  return report.errors !== null && report.errors !== undefined && report.errors.length > 0;
}

const cancelledError = z.object({ code: z.literal('cancelled' satisfies ErrorCode) });

function saysCancelled(report: Report): boolean {
  return cancelledError.safeParse(report.errors?.[0]).success;
}

function finalStatus(report: Report): 'completed' | 'failed' {
  const given = report.command_status?.toLowerCase();
  if (given === 'completed' || given === 'failed') return given;
  if (given !== undefined) throw problem('invalid_command_status', 'command_status must be "completed" or "failed"');
  return report.status.toLowerCase() === 'failed' || hasErrors(report) ? 'failed' : 'completed';
}

async function commandOf(services: Services, report: Report): Promise<CommandRow> {
  const command = await services.queue.byCommandId(report.command_id);
  if (command === undefined)
    throw problem('command_not_found', 'Command not found: report the command_id that was delivered');
  if (command.deployment_hash !== report.deployment_hash) {
    throw problem(
      'command_not_found',
      'Command not found for this deployment: report the command_id that was delivered',
    );
  }
  return command;
}

function isFinished(command: CommandRow): boolean {
  return command.status !== 'queued' && command.status !== 'sent';
}

function answer(command: CommandRow, what: 'accepted' | 'already recorded'): Readonly<Record<string, unknown>> {
  const message =
    what === 'accepted'
      ? `Command result accepted, status: ${command.status}`
      : `Command result was already recorded, status: ${command.status}; this report changes nothing`;
  return { message: 'Result accepted', item: { accepted: true, message } };
}
