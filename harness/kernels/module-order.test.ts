import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { insertionOrder, moduleName, parseBuiltin, parseDependencies } from './module-order.ts';

const text = `kernel/net/802/stp.ko.xz: kernel/net/llc/llc.ko.xz
kernel/net/llc/llc.ko.xz:
kernel/net/bridge/bridge.ko.xz: kernel/net/802/stp.ko.xz kernel/net/llc/llc.ko.xz
kernel/crypto/crc32c-intel.ko.xz:
kernel/drivers/net/veth.ko.xz:
`;

describe('the order in which modules are inserted', () => {
	test('has each module once, after its dependencies, and no module that is not needed', () => {
		expect(insertionOrder(['bridge', 'veth', 'stp'], parseDependencies(text))).toEqual([
			'kernel/net/llc/llc.ko.xz',
			'kernel/net/802/stp.ko.xz',
			'kernel/net/bridge/bridge.ko.xz',
			'kernel/drivers/net/veth.ko.xz',
		]);
	});

	test('skips a missing module', () => {
		expect(insertionOrder(['iptable_filter', 'veth'], parseDependencies(text))).toEqual([
			'kernel/drivers/net/veth.ko.xz',
		]);
	});

	test('finds modules by the kernel’s names', () => {
		expect(insertionOrder(['crc32c_intel'], parseDependencies(text))).toEqual(['kernel/crypto/crc32c-intel.ko.xz']);
		expect(['a/xt_NFLOG.ko', 'a/b-c.ko.zst', 'veth.ko.gz'].map(moduleName)).toEqual(['xt_NFLOG', 'b_c', 'veth']);
		expect([...parseBuiltin('kernel/net/packet/af_packet.ko\nkernel/crypto/crc32c-generic.ko\n')]).toEqual([
			'af_packet',
			'crc32c_generic',
		]);
	});

	test('is valid for any modules', () => {
		// Each module depends on modules with lower numbers, so there are no cycles.
		const graphs = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 20 });
		fc.assert(
			fc.property(graphs, fc.array(fc.nat(25)), (graph, wanted) => {
				const needs = graph.map((some, module) => (module === 0 ? [] : some.map((number) => `m${number % module}.ko`)));
				const dependencies = parseDependencies(
					needs.map((some, module) => `m${module}.ko: ${some.join(' ')}\n`).join(''),
				);
				const order = insertionOrder(
					wanted.map((module) => `m${module}`),
					dependencies,
				);
				expect(new Set(order).size).toBe(order.length);
				for (const [index, file] of order.entries())
					expect(order.slice(0, index)).toEqual(expect.arrayContaining([...(dependencies.get(file) ?? [])]));
				for (const module of wanted.filter((each) => each < graph.length)) expect(order).toContain(`m${module}.ko`);
			}),
		);
	});

	test('is found for any text, even if modules depend on each other', () => {
		const words = fc.string({ unit: fc.constantFrom('a.ko', 'b.ko', 'c.ko', ':', ' ', '\n') });
		fc.assert(fc.property(words, (any) => void insertionOrder(['a', 'b', 'c'], parseDependencies(any))));
		expect(insertionOrder(['a'], parseDependencies('a.ko: b.ko\nb.ko: a.ko\n'))).toEqual(['b.ko', 'a.ko']);
	});
});
