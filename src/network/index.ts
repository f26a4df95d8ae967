/** The network of a pod: which networks are asked for, their plugins (CNI), its namespace and its ports. */
export { NetworkError, type NetworkErrorCode } from './errors.ts';
export { type NetList, type NetRequest, parseNetList } from './net-list.ts';
export type { PublishedPort } from './published-ports.ts';
export type { Dns, NetworkDns } from './cni-result.ts';
export { checkNetwork, type NetworkCheck } from './check-network.ts';
export { collectNames, leaveNames } from './pod-names.ts';
export { collectNetworks } from './collect-networks.ts';
export { setUpUserNetwork, type UserNetwork, type UserNetworkRequest } from './user-network.ts';
export { type NetworkRequest, type NetworkResult, setUpNetwork } from './set-up-network.ts';
export { workingPlugins } from './working-plugins.ts';
export { tearDownNetwork, type TearDownRequest } from './tear-down-network.ts';
