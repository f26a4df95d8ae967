/** As many users, and groups, as `count`: from 0 inside a user namespace, and from `shift` outside. */
export interface IdRange {
  readonly shift: number;
  readonly count: number;
}

/** Whom Linux shows for an owner that a user namespace has no number for. */
const NOBODY = 65_534;

/** What an id of inside is outside; nobody's for one that is not in the range. */
export function outsideId({ shift, count }: IdRange, id: number): number {
  return shift + (id < count ? id : NOBODY);
}

/** What an id of outside is inside; itself where it is not in the range. */
export function insideId({ shift, count }: IdRange, id: number): number {
  return id >= shift && id < shift + count ? id - shift : id;
}
