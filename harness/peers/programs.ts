import { z } from 'zod';
import type { Endpoint } from '../formats/types.ts';
import { assertPort } from '../tcp/port.ts';
import { checked } from '../util/options.ts';
import type { ProgramOptions } from './program.ts';

/** What all programs can be told. */
export interface PeerOptions {
	/** What it is called in the history. */
	readonly name?: string;
	/** What is waited for before the spec goes on; the default is that it listens or is connected. */
	readonly until?: ProgramOptions['until'];
}
export type Listen = PeerOptions & { readonly listen: number };
export type Connect = PeerOptions & { readonly connect: Endpoint };

/** Ports are checked by `assertPort`, which has an error of its own. */
export const endpointSchema = z.strictObject({ address: z.string().min(1), port: z.unknown() });
const peer = { name: z.string().optional(), until: z.enum(['listening', 'connected', 'started']).optional() };
export const peerOptionsSchema = z.strictObject(peer) satisfies z.ZodObject<Record<keyof PeerOptions, z.ZodType>>;

const listening = { ...peer, listen: z.unknown() };
const connecting = { ...peer, connect: endpointSchema };
/** For a program that does either. */
const either = { ...peer, listen: z.unknown().optional(), connect: endpointSchema.optional() };
const oneOf = <Shape extends z.ZodRawShape>(shape: Shape) =>
	z
		.strictObject(shape)
		.refine(
			(given) => 'listen' in given !== 'connect' in given,
			'one of listen and connect is needed: { listen: 8080 } or { connect: server.port(8080) }',
		);
const milliseconds = z.number().positive().optional();

/**
 * netcat-openbsd. On POLLHUP it closes without reading, so an errno that reached its socket may never reach its calls;
 * `ncTraditional` and
 * `dnc` read it.
 */
export function nc(given: (Listen | Connect) & { readonly shutdownAtEof?: boolean }): ProgramOptions {
	const { shutdownAtEof, ...options } = checked(
		oneOf({ ...either, shutdownAtEof: z.boolean().optional() }),
		given,
		'host.nc',
	) as typeof given;
	return netcat('nc', ['nc.openbsd', ...(shutdownAtEof ? ['-N'] : [])], ['-l'], options);
}

/**
 * netcat-traditional: waits in select, then reads, so its read shows the errno. `keepalive` sets SO_KEEPALIVE; its
 * times are the sysctls'.
 */
export function ncTraditional(given: (Listen | Connect) & { readonly keepalive?: boolean }): ProgramOptions {
	const { keepalive, ...options } = checked(
		oneOf({ ...either, keepalive: z.boolean().optional() }),
		given,
		'host.ncTraditional',
	) as typeof given;
	return netcat('nc', ['nc.traditional', ...(keepalive ? ['-k'] : [])], ['-l', '-p'], options);
}

/** The article's modified nc: says what each poll returned, and keeps its socket open after the end of the stream. */
export function dnc(options: Listen | Connect): ProgramOptions {
	checked(oneOf(either), options, 'host.dnc');
	return netcat('dnc', ['dnc'], ['-l'], options);
}

function netcat(
	kind: string,
	program: readonly string[],
	listen: readonly string[],
	options: Listen | Connect,
): ProgramOptions {
	const { name } = options;
	return 'listen' in options
		? {
				kind,
				name,
				argv: [...program, ...listen, String(assertPort(options.listen))],
				until: options.until ?? 'listening',
			}
		: {
				kind,
				name,
				argv: [...program, options.connect.address, String(assertPort(options.connect.port))],
				until: options.until ?? 'connected',
			};
}

/**
 * Nmap's netcat: listens with a backlog of 10; on IPv6 and IPv4 where the host has both. It closes its listening
 * sockets when it has accepted one connection, unless it is told to keep listening: -k, which means SO_KEEPALIVE to
 * another netcat.
 */
export function ncat(given: (Listen | Connect) & { readonly keepListening?: boolean }): ProgramOptions {
	const { keepListening, ...options } = checked(
		oneOf({ ...either, keepListening: z.boolean().optional() }),
		given,
		'host.ncat',
	) as typeof given;
	return netcat('ncat', ['ncat', ...(keepListening ? ['-k'] : [])], ['-l'], options);
}

/** GNU telnet (inetutils): sends what is typed line by line, prints what comes. */
export function telnet(options: Connect): ProgramOptions {
	checked(z.strictObject(connecting), options, 'host.telnet');
	return netcat('telnet', ['telnet'], [], options);
}

/**
 * curl of `http://<address>:<port>/`, quietly but for errors. It polls: what became of a connect it asks with SO_ERROR.
 */
export function curl(options: Connect): ProgramOptions {
	checked(z.strictObject(connecting), options, 'host.curl');
	const { name, connect, until = 'started' } = options;
	const { address, port } = connect;
	return { kind: 'curl', name, argv: ['curl', '-sS', `http://${address}:${assertPort(port)}/`], until };
}

/** A Node server that echoes. */
export function echoServer(
	options: Listen & { readonly keepaliveMs?: number; readonly allowHalfOpen?: boolean },
): ProgramOptions {
	checked(
		z.strictObject({ ...listening, keepaliveMs: milliseconds, allowHalfOpen: z.boolean().optional() }),
		options,
		'host.echoServer',
	);
	const { name, listen, keepaliveMs, allowHalfOpen } = options;
	const flags = [
		...(keepaliveMs === undefined ? [] : [`--keepalive=${keepaliveMs}`]),
		...(allowHalfOpen ? ['--allow-half-open'] : []),
	];
	return {
		kind: 'echo-server',
		name,
		argv: ['node', '/opt/halfopen/echo-server.mjs', String(assertPort(listen)), ...flags],
		until: options.until ?? 'listening',
	};
}

/** A Node client of the echo server: sends what is typed, and, with a heartbeat, gives a silent peer up by itself. */
export function echoClient(
	options: Connect & { readonly keepaliveMs?: number; readonly heartbeatMs?: number },
): ProgramOptions {
	checked(
		z.strictObject({ ...connecting, keepaliveMs: milliseconds, heartbeatMs: milliseconds }),
		options,
		'host.echoClient',
	);
	const { name, connect, keepaliveMs, heartbeatMs } = options;
	const flags = [
		...(keepaliveMs === undefined ? [] : [`--keepalive=${keepaliveMs}`]),
		...(heartbeatMs === undefined ? [] : [`--heartbeat=${heartbeatMs}`]),
	];
	return {
		kind: 'echo-client',
		name,
		argv: ['node', '/opt/halfopen/echo-client.mjs', connect.address, String(assertPort(connect.port)), ...flags],
		until: options.until ?? 'connected',
	};
}
