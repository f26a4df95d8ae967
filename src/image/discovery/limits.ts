/** Of a discovery page, which anybody may serve. Sizes are bytes. */
export const DISCOVERY_PAGE_LIMIT = 1 << 20;
/** `ac-…` tags of a page that are looked at; more are ignored. */
export const META_TAG_LIMIT = 64;
/** Parts of a name: each is a page to ask for. */
export const NAME_PARTS_LIMIT = 16;
/** Length of a template's URL once it is filled in. */
export const ENDPOINT_LENGTH_LIMIT = 4096;
/** Images that hang on an image, itself included. */
export const DEPENDENCY_LIMIT = 256;
