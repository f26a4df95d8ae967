/** The width of a tab stop. */
const tab = 8;

/**
 * Aligns lines of cells, divided by tabs, with as many tabs as needed, as Go's text/tabwriter does with a
 * tab width of 8 and a padding of 1. A column is as wide as its widest cell in the run of lines that
 * have it; the last cell of a line belongs to no column.
 */
export function alignTabs(text: string): string {
  const lines = text.split('\n').map((line) => line.split('\t'));
  const out = lines.map(() => '');
  alignColumn(lines, out, 0, 0, lines.length);
  return lines.map((cells, index) => `${out[index]}${cells.at(-1)}`).join('\n');
}

/** Pads the cells of one column in lines `from` to `to`, then those of the columns right of it. */
function alignColumn(lines: readonly string[][], out: string[], column: number, from: number, to: number): void {
  for (let start = from; start < to; start++) {
    const end = endOfRun(lines, column, start, to);
    if (end === start) continue;
    const cells = lines.slice(start, end).map((line) => line[column] ?? '');
    const width = roundUp(Math.max(...cells.map(widthOf)) + 1);
    cells.forEach((cell, index) => {
      out[start + index] += cell + '\t'.repeat(Math.ceil((width - widthOf(cell)) / tab));
    });
    alignColumn(lines, out, column + 1, start, end);
    start = end - 1;
  }
}

/** The first line from `start` on that has no cell, ended by a tab, in this column. */
function endOfRun(lines: readonly string[][], column: number, start: number, to: number): number {
  let end = start;
  while (end < to && column < (lines[end]?.length ?? 0) - 1) end++;
  return end;
}

function widthOf(cell: string): number {
  return [...cell].length;
}

function roundUp(width: number): number {
  return Math.ceil(width / tab) * tab;
}
