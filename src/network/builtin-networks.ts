/**
 * The networks every rkt has, by the file names that put them in order among the user's own.
 *
 * `cniVersion` 0.1.0: the plugins of rkt's time and today's both know it.
 */
export const builtinNetworks: ReadonlyMap<string, string> = new Map([
  [
    '99-default-restricted.conf',
    `{
	"cniVersion": "0.1.0",
	"name": "default-restricted",
	"type": "ptp",
	"ipMasq": false,
	"ipam": {
		"type": "host-local",
		"subnet": "172.31.0.0/16"
	}
}
`,
  ],
  [
    '99-default.conf',
    `{
	"cniVersion": "0.1.0",
	"name": "default",
	"type": "ptp",
	"ipMasq": true,
	"ipam": {
		"type": "host-local",
		"subnet": "172.16.28.0/24",
		"routes": [
			{ "dst": "0.0.0.0/0" }
		]
	}
}
`,
  ],
]);
