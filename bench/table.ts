/** One measurement's result: rows are engines, columns what was measured. */
export interface Table {
  readonly title: string;
  /** `ms`, `MB`. */
  readonly unit: string;
  readonly columns: readonly string[];
  readonly rows: ReadonlyMap<string, readonly (number | undefined)[]>;
  /** What could not be measured, and why. */
  readonly remarks: readonly string[];
}

/** Each cell with its ratio to rkt's, `193 (4.8x)`: above 1 rkt is the better one. */
export function renderTable({ title, unit, columns, rows, remarks }: Table): string {
  const reference = rows.get('rkt') ?? [];
  const lines = [...rows].map(([name, cells]) => [name, ...columns.map((_, index) => renderCell(cells[index], reference[index]))]);
  const all = [['', ...columns], ...lines];
  const widths = ['', ...columns].map((_, index) => Math.max(...all.map((line) => line[index]!.length)));
  const body = all.map((line) => line.map((cell, index) => (index === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[index]!))).join('  '));
  return [`${title} (${unit}; in brackets: times rkt's)`, ...body, ...remarks.map((text) => `  ${text}`), ''].join('\n');
}

function renderCell(value: number | undefined, reference: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '-';
  const text = value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
  return reference === undefined || reference === 0 || value === reference ? text : `${text} (${(value / reference).toFixed(2)}x)`;
}
