import type { Random } from './random.ts';

/** Bytes that readers are known to stumble over. */
const AWKWARD = ['\0', '\x7f', '\xff', '%', '..', '/', '-1', '0', '9'.repeat(25), '1e999', '"', '{', '[', '\n', '\r\n', ':', '\u2028'];

/** A few changes to bytes: flipped, cut, doubled, moved, or awkward ones put in. */
export function mutateBytes(bytes: Buffer, random: Random): Buffer {
  let changed: Buffer = Buffer.from(bytes);
  for (let rounds = 1 + random.below(4); rounds > 0; rounds--) changed = mutateOnce(changed, random);
  return changed;
}

function mutateOnce(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const length = random.below(random.chance(0.5) ? 8 : 600);
  switch (random.below(6)) {
    case 0:
      if (at < bytes.length) bytes[at] = random.below(256);
      return bytes;
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    case 3:
      return Buffer.from(bytes.subarray(0, at));
    case 4:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(random.pick(AWKWARD), 'latin1'), bytes.subarray(at)]);
    default:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(length % 40), bytes.subarray(at)]);
  }
}

export const mutateText = (text: string, random: Random): string => mutateBytes(Buffer.from(text), random).toString();

const VALUES: readonly unknown[] = [
  null, true, false, 0, -1, 1.5, 1e21, 2 ** 53, '', 'x', '\0', '../..', [], {}, [null], { '': 0 }, 'sha256:0', 'constructor', '__proto__',
  'a'.repeat(5000), ['x', 1], { name: 'x', value: 1 },
];

/** A value like the one given, with something in it exchanged, removed or doubled. */
export function mutateValue(value: unknown, random: Random): unknown {
  if (random.chance(0.15)) return random.pick(VALUES);
  if (Array.isArray(value)) return mutateList(value, random);
  if (typeof value === 'object' && value !== null) return mutateObject(value as Record<string, unknown>, random);
  if (typeof value === 'string') return random.chance(0.5) ? mutateText(value, random) : value;
  if (typeof value === 'number') return random.pick([value, -value, value + 1, value * 2 ** 40, String(value)]);
  return value;
}

function mutateList(list: readonly unknown[], random: Random): unknown {
  const at = random.below(list.length);
  const copy = list.map((item, index) => (index === at ? mutateValue(item, random) : item));
  if (random.chance(0.2)) copy.push(...copy);
  if (random.chance(0.1)) copy.splice(at, 1);
  return copy;
}

function mutateObject(object: Readonly<Record<string, unknown>>, random: Random): unknown {
  const key = random.pick(Object.keys(object));
  const copy: Record<string, unknown> = { ...object };
  const how = random.next();
  if (key === undefined || how < 0.1) copy[random.pick(['x', '', 'constructor', 'annotations'])] = random.pick(VALUES);
  else if (how < 0.2) delete copy[key];
  else copy[key] = mutateValue(copy[key], random);
  return copy;
}

/** A text of JSON made from a valid value: mostly well formed, deep at times. */
export function mutateJson(value: unknown, random: Random): string {
  let changed = mutateValue(value, random);
  while (random.chance(0.4)) changed = mutateValue(changed, random);
  if (random.chance(0.02)) return '['.repeat(50_000) + ']'.repeat(random.below(2) * 50_000);
  const text = JSON.stringify(changed) ?? '';
  return random.chance(0.15) ? mutateText(text, random) : text;
}
