/** The public face of halfopen: what a spec imports. */

export type { ClaimId } from './claims/catalogue.ts';
export { type ErrorCode, HalfopenError } from './errors.ts';
export type { Fault } from './faults/fault.ts';
export type { PacketFault, PacketMatch, RejectWith } from './faults/packets.ts';
export type { Sysctls } from './faults/sysctl.ts';
export type { Host } from './lab/host.ts';
export type { Link } from './lab/lab.ts';
export type { Timeline } from './lab/timeline-queries.ts';
export { expect } from './matchers/expect.ts';
export type { SeenSocket, SocketShape } from './matchers/host-matchers.ts';
export type { SegmentPattern } from './matchers/segment-pattern.ts';
export type { Peer, PeerEnd } from './peers/peer.ts';
export type { Program } from './peers/program.ts';
export type { Socket, SocketProcess } from './peers/socket.ts';
export type { SocketCall } from './peers/socket-call.ts';
export { type ScenarioLab, type ScenarioOptions, scenario } from './scenario.ts';
export { shortened } from './shortened.ts';
export * from './tcp.ts';
