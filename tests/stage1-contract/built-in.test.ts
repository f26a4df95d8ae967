/** The stage1 that comes with rkt, as rkt runs it: in its own process. */
import { needs } from '#tests/support';
import { contract } from './contract.ts';

contract({ name: 'oci', ...needs('root'), choose: () => [], tellsExits: true, severalApps: true, mutable: true });
