/** What becomes of data that cannot be sent yet when the socket is closed? */
import {
	deviations,
	expect,
	gapsBetween,
	type Host,
	orphanProbeGapsMs,
	orphanProbeTimeoutMs,
	RTO_MAX_MS,
	scenario,
	spanOf,
} from '../../harness/index.ts';

const story = 'kodos, this is a long story. '.repeat(7_000);

/** kang writes more than kodos has room for, and kodos does not read: kodos’ window closes, and the rest waits in kang’s send buffer. */
async function fill(client: Host, server: Host) {
	const listener = await server.socket();
	await listener.setOption('SO_RCVBUF', 4_096);
	await listener.listen(8080);
	const kang = await client.socket();
	await kang.connect(server.port(8080));
	const kodos = await listener.accept();
	await listener.close();
	const { returned: written } = await kang.send(story, 'MSG_DONTWAIT');
	const { sendQueue: waiting } = await expect(client).toHaveSocket({ state: 'ESTAB', timer: 'persist' });
	return { kang, kodos, written, waiting, room: await kodos.option('SO_RCVBUF') };
}
