// A straight line through measurements that depend on their neighbours: averaged in blocks first, so that its error is an honest one. Pure.

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Line {
  readonly slope: number;
  /** Standard error of the slope. */
  readonly error: number;
  /** The line's value at its first and its last point. */
  readonly first: number;
  readonly last: number;
  /** Standard deviation of the measurements around the line. */
  readonly scatter: number;
}

const BLOCKS_COUNT = 10;

export function fit(points: readonly Point[]): Line {
  const size = Math.max(Math.floor(points.length / BLOCKS_COUNT), 1);
  const blocks = Array.from({ length: Math.floor(points.length / size) }, (_, at) => {
    const block = points.slice(at * size, (at + 1) * size);
    return { x: mean(block.map(({ x }) => x)), y: mean(block.map(({ y }) => y)) };
  });
  const [centreX, centreY] = [mean(blocks.map(({ x }) => x)), mean(blocks.map(({ y }) => y))];
  const spread = sum(blocks.map(({ x }) => (x - centreX) ** 2));
  const slope = sum(blocks.map(({ x, y }) => (x - centreX) * (y - centreY))) / spread;
  const at = (x: number): number => centreY + slope * (x - centreX);
  const residual = sum(blocks.map(({ x, y }) => (y - at(x)) ** 2));
  return {
    slope,
    error: Math.sqrt(residual / Math.max(blocks.length - 2, 1) / spread),
    first: at(points[0]?.x ?? 0),
    last: at(points.at(-1)?.x ?? 0),
    scatter: Math.sqrt(mean(points.map(({ x, y }) => (y - at(x)) ** 2))),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function mean(numbers: readonly number[]): number {
  return sum(numbers) / numbers.length;
}
