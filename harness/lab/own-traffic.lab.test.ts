/** Traffic of a host with itself is recorded as such, and never as traffic between the hosts. */
import { PcapReader } from '../formats/pcap.ts';
import { expect, scenario } from '../index.ts';

scenario('a host that connects to itself: by its own address, and by 127.0.0.1', {}, async ({ server, timeline }) => {
	const listener = await (await server.socket()).listen(9000);
	const proxy = await server.socket();
	await proxy.connect(server.port(9000));
	const backend = await listener.accept();
	await proxy.send('hello');
	await expect(backend.recv()).toReturn(5);
	const local = await server.socket();
	await local.connect({ address: '127.0.0.1', port: 9000 });
	await timeline.upToDate();

	await expect(timeline).toShowSegments();
	for (const pattern of ['> S sent', '< S sent', '< P. sent', '> P. sent'] as const)
		await expect(timeline).toShowNoSegment(pattern);
	expect(timeline.segments()).toEqual([]);
	expect(timeline.lastReceived('client', 9000)).toBe(0);
	expect(timeline.offered('server')).toEqual([]);

	// One event for each segment, with relative numbers as on the wire.
	const byAddress = timeline
		.loopback('server')
		.filter(({ from, to }) => [from, to].every(({ address }) => address === server.address));
	expect(byAddress.slice(0, 4).map(({ flags, seq, ack, length, fate }) => [flags, seq, ack, length, fate])).toEqual([
		['S', 0, 0, 0, 'delivered'],
		['S.', 0, 1, 0, 'delivered'],
		['.', 1, 1, 0, 'delivered'],
		['P.', 1, 1, 5, 'delivered'],
	]);
	const byLoopback = timeline.loopback('server').filter(({ to, flags }) => to.address === '127.0.0.1' && flags === 'S');
	expect(byLoopback).toHaveLength(1);
	expect(timeline.loopback('client')).toEqual([]);

	// The pcap has each packet once: libpcap skips outgoing packets of loopback (linux_check_direction). The sentinels of
	// the harness, to port 9, are not in it.
	const inFile = new PcapReader().push(server.packets.bytes).filter((packet) => packet.kind === 'segment');
	expect(inFile.map(({ to, flags }) => `${to.address} ${flags}`).filter((text) => text === '127.0.0.1 S')).toHaveLength(
		1,
	);
	expect(inFile.filter(({ to }) => to.port === 9)).toEqual([]);
});
