// Lines of a page as the report has them: masked before they are cut, and never more than fit, whatever the mask made of them.
import { describe, expect, it } from 'vitest';
import type { LineMask, LogLine } from '../../src/commands/context.ts';
import type { Page } from '../../src/commands/log-page.ts';
import { reportedLines } from '../../src/commands/log-report.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import { NEVER } from '../platform/fake-clock.ts';
import { line } from './log-lines-of.ts';

function pageOf(lines: readonly LogLine[], more: Partial<Page> = {}): Page {
  return {
    lines,
    before: [],
    after: [],
    giveWay: 'newest',
    settle: () => ({ position: undefined, truncated: false }),
    [Symbol.dispose]: () => undefined,
    ...more,
  };
}

const masking = (change: (text: string) => string): LineMask => ({
  lines: (lines) => lines.map((text) => ({ text: change(text), redacted: change(text) !== text })),
});
const asIs = masking((text) => text);
const report = (page: Page, mask: LineMask | undefined = asIs) => reportedLines(page, mask, systemClock, NEVER);
const bytesOf = (lines: readonly object[]): number => Buffer.byteLength(JSON.stringify(lines));

describe('reported lines', () => {
  it('are all of them when they fit', async () => {
    const lines = [line(1, 'a'), line(2, 'b', 'stderr')];
    expect(await report(pageOf(lines))).toEqual(
      lines.map(({ ts, stream, message }) => ({ ts, stream, message, redacted: false })),
    );
  });

  it.each(['newest', 'oldest'] as const)('that grow by their masks still fit: the %s give way', async (giveWay) => {
    const lines = Array.from({ length: 1_000 }, (_, at) => line(at, `${at} ${'s'.repeat(1_000)}`));
    const grown = await report(
      pageOf(lines, { giveWay }),
      masking((text) => text.replace(/s+/u, 'M'.repeat(5_000))),
    );
    expect(bytesOf(grown)).toBeLessThanOrEqual(LIMITS.reportTargetBytes);
    expect(bytesOf(grown)).toBeGreaterThan(LIMITS.reportTargetBytes - 20_000);
    expect(giveWay === 'newest' ? grown[0]?.ts : grown.at(-1)?.ts).toBe(
      (giveWay === 'newest' ? lines[0] : lines.at(-1))?.ts,
    );
  });

  it('count what a character costs in JSON, and one always fits', async () => {
    const control = Array.from({ length: 3 }, (_, at) => line(at, '\u0001'.repeat(200_000)));
    expect(await report(pageOf(control))).toHaveLength(1);
    const [giant] = await report(pageOf([line(1, '\u0001'.repeat(1_048_576))]));
    expect(bytesOf([giant ?? {}])).toBeLessThanOrEqual(LIMITS.reportTargetBytes);
    expect(giant?.message).toMatch(/ \[cut: \d+ more bytes\]$/u);
  });

  it.each([
    ['just as long as it may be', LIMITS.logMessageMaxBytes, undefined],
    ['one byte longer', LIMITS.logMessageMaxBytes + 1, 1],
  ])('%s', async (_, length, cut) => {
    const [only] = await report(pageOf([line(1, 'x'.repeat(length))]));
    const mark = cut === undefined ? '' : ` [cut: ${cut} more bytes]`;
    expect(only?.message === 'x'.repeat(Math.min(length, LIMITS.logMessageMaxBytes)) + mark).toBe(true);
  });

  it('are not cut between the halves of a character', async () => {
    const [only] = await report(pageOf([line(1, `x${'😀'.repeat(300_000)}`)]));
    expect(only?.message.isWellFormed()).toBe(true);
    expect(only?.message).toMatch(/^x😀+ \[cut: \d+ more bytes\]$/u);
  });

  it('show nothing of what the mask may not have seen whole', async () => {
    // What was read of the line ends in the middle of a secret, and masks before it have made it shorter than a line may be.
    const text = `${'secret-secret-secret '.repeat(50_000)}${'y'.repeat(65_000)} the-beginning-of-a-sec`;
    const [only] = await report(
      pageOf([{ ...line(1, text), droppedBytes: 1_000 }]),
      masking((one) => one.replaceAll('secret-secret-secret', '*')),
    );
    expect(only?.message).not.toContain('the-beginning');
    expect(only?.message).toMatch(/ \[cut: \d+ more bytes\]$/u);
  });

  it('are masked stream by stream with the lines around them, which are not reported', async () => {
    const seen: (readonly string[])[] = [];
    const mask: LineMask = {
      lines: (lines) => {
        seen.push(lines);
        return lines.map((text) => ({ text: text.toUpperCase(), redacted: true }));
      },
    };
    const key = `-----BEGIN ${['PRIVATE', 'KEY'].join(' ')}-----`;
    const body = 'A'.repeat(64);
    const page = pageOf([line(5, body), line(6, 'err', 'stderr'), line(7, `${body}b`)], {
      before: [line(1, 'long ago'), line(2, key), line(3, body), line(4, 'other', 'stderr')],
      after: [line(8, body), line(9, 'end'), line(10, 'too far')],
    });
    expect((await report(page, mask)).map((one) => one.message)).toEqual([body, 'ERR', `${body}B`]);
    expect(seen).toEqual([
      [key, body, body, `${body}b`, body, 'end'],
      ['other', 'err'],
    ]);
  });

  it('of a large page are masked in slices, and others get their turn between them', async () => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 0);
    const slices: number[] = [];
    const mask: LineMask = {
      lines: (lines) => {
        slices.push(lines.length);
        return lines.map((text) => ({ text, redacted: false }));
      },
    };
    const lines = Array.from({ length: 100 }, (_, at) => line(at, `${at}`.padEnd(18_000, '.')));
    expect(await report(pageOf(lines), mask)).toHaveLength(100);
    clearInterval(timer);
    expect(slices.length).toBeGreaterThan(6);
    expect(turns).toBeGreaterThanOrEqual(slices.length - 1);
  });
});
