import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { announceSubscriber, currentLiveSocket, type Topic } from './live-socket.ts';
import { type LiveMessage, MessageReader } from './messages.ts';

/** Receives what scenarios publish. */
export interface LiveSubscriber {
	/** `scenario` is a number that stands for one scenario of this run. */
	received(scenario: number, message: LiveMessage): void;
	/** Called once, when the scenario is over or its process has ended. */
	disconnected(scenario: number): void;
}

/** A subscription until it is closed. It does not keep the process alive. */
export interface Subscription {
	close(): void;
}

/**
 * Subscribes to the scenarios of this run. Undefined if the run has no live socket, or already has a subscriber.
 */
export async function subscribeLive(topic: Topic, subscriber: LiveSubscriber): Promise<Subscription | undefined> {
	const live = currentLiveSocket();
	if (live === undefined) return undefined;
	const sockets = new Set<Socket>();
	let scenarios = 0;
	const server: Server = createServer((socket) => {
		const scenario = scenarios++;
		const reader = new MessageReader();
		sockets.add(socket);
		socket.unref().setEncoding('utf8');
		socket.on('data', (text: string) => {
			for (const message of reader.read(text)) subscriber.received(scenario, message);
		});
		// For example, the worker was killed. The event “close” follows.
		socket.on('error', () => {});
		socket.on('close', () => {
			if (sockets.delete(socket)) subscriber.disconnected(scenario);
		});
	}).unref();
	try {
		server.listen(live.socket);
		await once(server, 'listening');
	} catch {
		// The run continues without live output.
		return undefined;
	}
	server.on('error', () => {});
	announceSubscriber(topic);
	return {
		close() {
			server.close();
			const left = [...sockets];
			sockets.clear();
			for (const socket of left) socket.destroy();
		},
	};
}
