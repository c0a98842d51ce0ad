/** A tool fails while a fault is injected or healed: what was done is undone, and what is left is named. */
import { describe, expect, test } from '@jest/globals';
import type { EngineHost } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import { failureOf, fakeContext } from '../fixtures.ts';
import type { Boot } from '../lab/boot.ts';
import type { HostIdentity } from '../lab/device.ts';
import type { Wire } from '../lab/wire.ts';
import { FakeMachine, fakeBoot } from './fixtures.ts';
import { forgetNeighbour, pinNeighbour, takeInterfaceDown } from './neighbour.ts';
import { drop, reject } from './packets.ts';
import { powerOff } from './power-off.ts';
import { kill, pause } from './process.ts';
import { changeSysctls } from './sysctl.ts';
import { cutLink } from './wire-loss.ts';

/** A lab whose end the test decides. */
function fakeLab() {
	const heals: (() => Promise<void>)[] = [];
	const context = {
		...fakeContext(),
		sysctls: new Set(['tcp_retries1', 'tcp_retries2', 'tcp_syn_retries']),
		onEnd: (heal: () => Promise<void>) => void heals.push(heal),
	};
	return {
		context,
		end: async () => {
			for (const heal of heals.splice(0).reverse()) await heal();
		},
		/** The phases in the timeline: `drop-1 injected`. */
		phases: () => context.history.of('fault').map(({ id, phase }) => `${id} ${phase}`),
	};
}

/** Fails every command that matches. */
const failing = (pattern: RegExp) => (command: string) => (pattern.test(command) ? `${command}: refused` : undefined);
const nothing = () => undefined;

describe('a packet fault', () => {
	test('that iptables refuses leaves no rule, and the end of the scenario has nothing to heal', async () => {
		const { context, end, phases } = fakeLab();
		const machine = new FakeMachine();
		machine.failure = failing(/iptables-restore/);
		const failure = await failureOf(drop(fakeBoot(machine), 'server', context, { name: 'lost' }));
		expect(failure).toMatchObject({ code: 'ENGINE_REFUSED', seen: expect.stringContaining('refused') });
		machine.failure = nothing;
		await end();
		expect([...machine.rules]).toEqual([]);
		expect(phases()).toEqual([]);
	});

	test('for both versions of IP that ip6tables refuses leaves no rule of iptables', async () => {
		const { context, end, phases } = fakeLab();
		const machine = new FakeMachine();
		machine.failure = failing(/^ip6tables-restore/);
		const both = { ...context, ipVersions: ['ipv4', 'ipv6'] as const };
		const failure = await failureOf(drop(fakeBoot(machine), 'server', both, { name: 'lost' }));
		expect(failure).toMatchObject({ code: 'ENGINE_REFUSED', seen: expect.stringContaining('refused') });
		expect(machine.commands.some((command) => command.startsWith('iptables-restore'))).toBe(true);
		expect([...machine.rules, ...machine.rulesOfIpv6]).toEqual([]);
		machine.failure = nothing;
		await end();
		expect(phases()).toEqual([]);
	});

	test('whose jump cannot be removed: heal() rejects, no other rule is lost, and no healing is recorded', async () => {
		const { context, end, phases } = fakeLab();
		const machine = new FakeMachine();
		const fault = await drop(fakeBoot(machine), 'server', context, { name: 'lost' });
		const rules = [...machine.rules];
		machine.failure = failing(/-D INPUT/);
		const failure = await failureOf(fault.heal());
		expect(failure).toMatchObject({
			code: 'ENGINE_REFUSED',
			problem: 'The host’s firewall refused a rule.',
			// The chain is still in use, and iptables says so.
			seen: expect.stringMatching(/-D INPUT.*then: The host’s firewall refused a rule.*-X HALFOPEN-lost/s),
		});
		expect([...machine.rules].sort()).toEqual(rules.sort());
		expect(phases()).toEqual(['lost injected']);
		// The spec has got the error: the end of the scenario does not throw it again.
		await end();
	});

	test('whose jump somebody else has removed: heal() rejects, but removes the rest', async () => {
		const { context } = fakeLab();
		const machine = new FakeMachine();
		const fault = await reject(fakeBoot(machine), 'server', context, { name: 'lost', with: 'tcp-reset' });
		for (const rule of machine.rules) if (rule.startsWith('-A INPUT')) machine.rules.delete(rule);
		expect(await failureOf(fault.heal())).toMatchObject({ code: 'ENGINE_REFUSED' });
		expect([...machine.rules]).toEqual([]);
	});

	test('whose packets cannot be counted: heal() rejects, but removes all rules', async () => {
		const { context } = fakeLab();
		const machine = new FakeMachine();
		const fault = await drop(fakeBoot(machine), 'server', context, { name: 'lost' });
		machine.failure = failing(/^iptables -w -nvxL/);
		expect(await failureOf(fault.heal())).toMatchObject({
			code: 'ENGINE_REFUSED',
			problem: expect.stringContaining('does not show how many packets'),
		});
		expect([...machine.rules]).toEqual([]);
	});

	test('whose chain cannot be deleted: heal() rejects, and no packet is dropped any more', async () => {
		const { context, phases } = fakeLab();
		const machine = new FakeMachine();
		const fault = await drop(fakeBoot(machine), 'server', context, { name: 'lost' });
		machine.failure = failing(/-X HALFOPEN-lost/);
		expect(await failureOf(fault.heal())).toMatchObject({ code: 'ENGINE_REFUSED' });
		expect([...machine.rules].filter((rule) => rule.startsWith('-A INPUT'))).toEqual([]);
		expect(machine.chains).toEqual(['HALFOPEN-lost']);
		expect(phases()).toEqual(['lost injected']);
	});

	test('that the spec leaves to the end: the end rejects', async () => {
		const { context, end } = fakeLab();
		const machine = new FakeMachine();
		await drop(fakeBoot(machine), 'server', context, { name: 'lost' });
		machine.failure = failing(/-D INPUT/);
		expect(await failureOf(end())).toMatchObject({ code: 'ENGINE_REFUSED' });
	});
});

describe('a cut', () => {
	/** A wire whose machine may fail. */
	function fakeWire() {
		const machine = new FakeMachine();
		let priority = 0;
		const wire = { agent: Promise.resolve(machine), startFirewallLog: async () => {}, takePriority: () => ++priority };
		return { machine, wire: wire as unknown as Wire };
	}

	test('that nft refuses leaves no rule, and the end of the scenario has nothing to heal', async () => {
		const { context, end, phases } = fakeLab();
		const { machine, wire } = fakeWire();
		machine.failure = failing(/^nft/);
		const failure = await failureOf(cutLink(wire, context, { name: 'cable' }));
		expect(failure).toMatchObject({ code: 'ENGINE_REFUSED', problem: 'The firewall on the wire refused a command.' });
		machine.failure = nothing;
		machine.commands.length = 0;
		await end();
		expect(machine.commands).toEqual([]);
		expect(phases()).toEqual([]);
	});

	test('whose chain cannot be removed: heal() rejects, and it is not recorded as healed', async () => {
		const { context, phases } = fakeLab();
		const { machine, wire } = fakeWire();
		const fault = await cutLink(wire, context, { name: 'cable' });
		machine.failure = failing(/delete chain/);
		expect(await failureOf(fault.heal())).toMatchObject({
			code: 'ENGINE_REFUSED',
			seen: expect.stringContaining('delete chain bridge halfopen cable'),
		});
		expect(phases()).toEqual(['cable injected']);
	});

	test('whose packets cannot be counted: heal() rejects, but the rules are removed', async () => {
		const { context } = fakeLab();
		const { machine, wire } = fakeWire();
		const fault = await cutLink(wire, context, { name: 'cable' });
		machine.failure = failing(/list counter/);
		expect(await failureOf(fault.heal())).toMatchObject({ code: 'ENGINE_REFUSED' });
		expect(machine.commands.join('\n')).toMatch(/delete chain bridge halfopen cable\n.*delete counter/s);
	});

	test('that is healed: its time is that of the removal, and its proof counts both directions', async () => {
		const { context } = fakeLab();
		const { wire } = fakeWire();
		const fault = await cutLink(wire, context, { name: 'cable' });
		await fault.heal();
		expect(context.history.of('fault').at(-1)).toMatchObject({
			phase: 'healed',
			// The second command, after the one that inserted the rules.
			t: 2,
			proof: 'packets lost: 1 to the client, 1 to the server',
		});
	});

	test('in one direction concerns the packets of that host only', async () => {
		const { context } = fakeLab();
		const { machine, wire } = fakeWire();
		await cutLink(wire, context, { from: 'client' });
		expect(machine.commands.join('\n')).toContain('iifname "client-*"');
		expect(machine.commands.join('\n')).not.toContain('iifname "server-*"');
	});
});

describe('a change of sysctls', () => {
	const before = { tcp_retries1: '3', tcp_retries2: '15', tcp_syn_retries: '6' };
	const machineWith = () => new FakeMachine().setSysctls(before);
	const now = (machine: FakeMachine) =>
		Object.fromEntries(Object.keys(before).map((name) => [name, machine.sysctl(name)]));
	const wanted = { tcp_retries1: 1, tcp_retries2: 2, tcp_syn_retries: 4 };

	test('of which the kernel refuses one: those before it are restored, and the rest is not written', async () => {
		const { context, end, phases } = fakeLab();
		const machine = machineWith();
		machine.failure = failing(/^write tcp_retries2 2$/);
		expect(await failureOf(changeSysctls(fakeBoot(machine), 'server', context, wanted))).toMatchObject({
			code: 'SYSCTL_REFUSED',
			problem: 'The kernel did not accept net.ipv4.tcp_retries2 = 2: its value is 15.',
		});
		expect(now(machine)).toEqual(before);
		await end();
		expect(now(machine)).toEqual(before);
		expect(phases()).toEqual([]);
	});

	test('that is refused and cannot be undone: the error names what is left', async () => {
		const { context, end } = fakeLab();
		const machine = machineWith();
		machine.failure = failing(/^write (tcp_retries2 2|tcp_retries1 3)$/);
		expect(await failureOf(changeSysctls(fakeBoot(machine), 'server', context, wanted))).toMatchObject({
			code: 'SYSCTL_REFUSED',
			problem: 'The kernel did not accept net.ipv4.tcp_retries2 = 2: its value is 15.',
			seen: expect.stringContaining('then: The kernel did not accept net.ipv4.tcp_retries1 = 3: its value is 1.'),
		});
		machine.failure = nothing;
		await end();
		expect(now(machine)).toEqual(before);
	});

	test('of which one cannot be restored: heal() rejects and names it, but restores the others', async () => {
		const { context, phases } = fakeLab();
		const machine = machineWith();
		const fault = await changeSysctls(fakeBoot(machine), 'server', context, wanted);
		machine.failure = failing(/^write tcp_retries1 3$/);
		expect(await failureOf(fault.heal())).toMatchObject({
			code: 'SYSCTL_REFUSED',
			problem: 'The kernel did not accept net.ipv4.tcp_retries1 = 3: its value is 1.',
		});
		expect(now(machine)).toEqual({ ...before, tcp_retries1: '1' });
		expect(phases()).toEqual(['sysctl-1 injected', 'sysctl-1 proven']);
	});

	test('of which two cannot be restored: heal() names both', async () => {
		const { context } = fakeLab();
		const machine = machineWith();
		const fault = await changeSysctls(fakeBoot(machine), 'server', context, wanted);
		machine.failure = failing(/^write (tcp_retries1 3|tcp_syn_retries 6)$/);
		expect(await failureOf(fault.heal())).toMatchObject({
			problem: expect.stringContaining('tcp_retries1'),
			seen: expect.stringContaining('tcp_syn_retries'),
		});
		expect(now(machine)).toEqual({ tcp_retries1: '1', tcp_retries2: '15', tcp_syn_retries: '4' });
	});

	test('of which one cannot be read any more: the others are restored', async () => {
		const { context } = fakeLab();
		const machine = machineWith();
		const fault = await changeSysctls(fakeBoot(machine), 'server', context, wanted);
		// As when a device has gone: the file does not exist, so it can be neither read nor written.
		machine.sysctls.delete('/proc/sys/net/ipv4/tcp_retries1');
		machine.failure = failing(/^write tcp_retries1/);
		expect(await failureOf(fault.heal())).toMatchObject({
			code: 'SYSCTL_REFUSED',
			problem: 'The kernel did not accept net.ipv4.tcp_retries1 = 3: its value is empty.',
		});
		expect(now(machine)).toEqual({ ...before, tcp_retries1: undefined });
	});
});

describe('ip', () => {
	const identity = {
		addresses: [],
		peer: { addresses: ['198.18.0.3'], mac: '02:00:00:00:00:03' },
	} as unknown as HostIdentity;

	type Work = (boot: Boot, identity: HostIdentity) => Promise<unknown>;
	test.each<[string, RegExp, Work]>([
		['pinNeighbour', /neigh replace/, pinNeighbour],
		['forgetNeighbour', /neigh del/, forgetNeighbour],
		['takeInterfaceDown', /link set eth0 down/, takeInterfaceDown],
	])('fails in %s: the error has the command and its message', async (_name, pattern, work) => {
		const machine = new FakeMachine();
		machine.failure = failing(pattern);
		const failure = await failureOf(work(fakeBoot(machine), identity));
		expect(failure).toBeInstanceOf(HalfopenError);
		expect(failure).toMatchObject({
			code: 'ENGINE_REFUSED',
			problem: expect.stringMatching(/^ip failed on .*: (neigh|link) /),
			seen: expect.stringMatching(/: refused$/),
		});
	});
});

describe('a power off', () => {
	const off = new HalfopenError('ENGINE_REFUSED', { problem: 'The command failed.', remedy: 'None.' });
	const power = {
		name: 'server',
		off: async () => 0,
		on: async () => ({ boot: 2, sockets: 0 }),
		flushOther: async () => undefined,
	} as const;

	test('that fails is not recorded', async () => {
		const { context, end, phases } = fakeLab();
		expect(await failureOf(powerOff({ ...power, off: () => Promise.reject(off) }, context))).toBe(off);
		await end();
		expect(phases()).toEqual([]);
	});

	test('after which the host does not come up again: heal() rejects, and it is not recorded as healed', async () => {
		const { context, phases } = fakeLab();
		const fault = await powerOff({ ...power, on: () => Promise.reject(off) }, context);
		expect(await failureOf(fault.heal())).toBe(off);
		expect(phases()).toEqual(['power-1 injected', 'power-1 proven']);
	});
});

describe('programs', () => {
	const refused = new HalfopenError('ENGINE_REFUSED', { problem: 'The engine refused.', remedy: 'None.' });
	const engine = (failingMember: keyof EngineHost) =>
		new Proxy({} as EngineHost, {
			get: (_target, name) => (name === failingMember ? () => Promise.reject(refused) : async () => {}),
		});

	test.each([
		['pause', pause],
		['kill', kill],
	] as const)('that the engine does not %s still run', async (name, work) => {
		const { context, end, phases } = fakeLab();
		const boot = fakeBoot(new FakeMachine());
		expect(await failureOf(work(engine(name), boot, 'server', context))).toBe(refused);
		expect(boot.programs).toBe('run');
		await end();
		expect(phases()).toEqual([]);
	});

	test('that the engine does not resume are still frozen', async () => {
		const { context, phases } = fakeLab();
		const boot = fakeBoot(new FakeMachine());
		const fault = await pause(engine('resume'), boot, 'server', context);
		expect(await failureOf(fault.heal())).toBe(refused);
		expect(boot.programs).toBe('frozen');
		expect(phases()).toEqual(['pause-1 injected', 'pause-1 proven']);
	});

	test('whose userland does not start again are still killed', async () => {
		const { context } = fakeLab();
		const boot = fakeBoot(new FakeMachine());
		const fault = await kill(engine('startUserland'), boot, 'server', context);
		expect(await failureOf(fault.heal())).toBe(refused);
		expect(boot.programs).toBe('killed');
	});
});
