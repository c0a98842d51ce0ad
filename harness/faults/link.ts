import { HalfopenError } from '../errors.ts';
import type { Boot } from '../lab/boot.ts';
import type { LabContext } from '../lab/context.ts';
import type { HostName } from '../timeline/events.ts';
import { type Fault, inject, runAll, undoAfter, withFurther } from './fault.ts';
import { insertRules, type RuleSet, removeRules } from './firewall.ts';

/** A host that is on, at one end of the wire. */
export type LinkEnd = readonly [HostName, Boot];

/**
 * Cuts the wire between the hosts in the middle: neither host is notified, both interfaces stay up, and nothing arrives
 * any more, ARP included. Lost segments are still captured where they leave, and appear in the firewall log of the
 * other host. The wire stays cut when a host reboots.
 */
export async function cutLink(on: readonly LinkEnd[], context: LabContext, name?: string): Promise<Fault> {
	const id = context.names.take('cut', name);
	const cuts = new Map<HostName, HostCut>();
	const cutHost = (host: HostName, boot: Boot) => {
		const cut = new HostCut(boot, id);
		cuts.set(host, cut);
		return cut.apply();
	};
	const heal = async () => {
		context.bootHooks.delete(cutHost);
		const running = [...cuts].filter(([, cut]) => cut.isRunning);
		const results = await allSettled(running.map(([, cut]) => cut.heal()));
		const lost = running.map(([host], index) => `${results[index]?.met} to the ${host}`);
		const proof = `packets lost: ${lost.join(', ')}`;
		// Packets are lost until the last rule is removed, which may be well after the request on a busy machine.
		const times = results.flatMap(({ t }) => (t === undefined ? [] : [t]));
		return times.length === 0 ? { proof } : { t: context.history.at(Math.max(...times)), proof };
	};
	return inject(
		context,
		{ id, what: 'link', host: 'client', text: 'the link is cut' },
		{
			inject: async () => {
				context.bootHooks.add(cutHost);
				try {
					const times = await allSettled(on.map(([host, boot]) => cutHost(host, boot)));
					return times.length === 0 ? {} : { t: context.history.at(Math.max(...times)) };
				} catch (error) {
					throw await undoAfter(error, heal);
				}
			},
			heal,
		},
	);
}

/** The rules of one host that drop everything that arrives at it. */
class HostCut {
	readonly #boot: Boot;
	readonly #rules: RuleSet;
	/** Whether the rules are, or may be, in force. */
	#hasRules = false;
	#hasArpRule = false;

	constructor(boot: Boot, id: string) {
		this.#boot = boot;
		this.#rules = { id, jumps: [['INPUT', '-i', boot.device]], target: ['-j', 'DROP'] };
	}

	get isRunning(): boolean {
		return this.#boot.running;
	}

	/** Inserts the rules. Returns when they were in force, in seconds since the epoch. */
	async apply(): Promise<number> {
		this.#hasRules = true;
		this.#hasArpRule = true;
		const inserting = insertRules(this.#boot, this.#rules).catch((error: unknown) => {
			this.#hasRules = false;
			throw error;
		});
		const insertingArp = arp(this.#boot, '-A').catch((error: unknown) => {
			this.#hasArpRule = false;
			throw error;
		});
		await allSettled<unknown>([inserting, insertingArp]);
		return inserting;
	}

	/** Removes the rules that are in force. Returns how many packets they dropped, and when they were removed. */
	async heal(): Promise<{ met: number; t?: number }> {
		let removed: { met: number; t?: number } = { met: 0 };
		await runAll(
			async () => {
				if (this.#hasArpRule) await arp(this.#boot, '-D');
				this.#hasArpRule = false;
			},
			async () => {
				if (this.#hasRules) removed = await removeRules(this.#boot, this.#rules);
				this.#hasRules = false;
			},
		);
		return removed;
	}
}

/**
 * Like `Promise.all`, but waits for all promises even if one rejects, so that none of the work is still in progress.
 */
async function allSettled<T>(promises: readonly Promise<T>[]): Promise<T[]> {
	const results = await Promise.allSettled(promises);
	const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
	if (failures.length > 0) throw withFurther(failures[0], failures.slice(1));
	return Promise.all(promises);
}

async function arp(boot: Boot, action: '-A' | '-D'): Promise<void> {
	const { status, err } = await boot.machine.run(['arptables', action, 'INPUT', '-i', boot.device, '-j', 'DROP']);
	if (status === 0) return;
	throw new HalfopenError('ENGINE_REFUSED', {
		problem: 'The host’s firewall refused an ARP rule.',
		seen: err,
		remedy: 'Use a kernel that has nf_tables with the arp family (CONFIG_NF_TABLES_ARP).',
	});
}
