const LONGEST = 2_000;

/** What a plugin printed, as it is shown to people: without what a terminal would obey, and not without end. */
export function shown(text: string): string {
  const start = text.slice(0, LONGEST).replace(/[^\P{Cc}\n\t]/gu, '\ufffd').trim();
  return text.length > LONGEST ? `${start}…` : start;
}
