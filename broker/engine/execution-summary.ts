/** An execution as the control plane's two lists show it. Source: reference http-api.md §3 (JobExecutionSummary). */
import type { JobExecutionSummary } from '../../protocol/aws/iot.ts';
import type { ExecutionRow } from './rows.ts';

export function summaryOf(row: ExecutionRow): JobExecutionSummary {
  const { status, queuedAt, startedAt, lastUpdatedAt, executionNumber, retryAttempt } = row;
  return { status, queuedAt, startedAt, lastUpdatedAt, executionNumber, retryAttempt };
}
