/** A box that forgets idle connections: after how long, and what it answers to their packets afterwards. */
export interface IdleTimeout {
	/** In seconds. */
	readonly seconds: number;
	readonly answer: 'nothing' | 'reset';
}

/** The idle timeouts of well-known balancers and firewalls. */
export const IDLE_TIMEOUTS = {
	/**
	 * AWS Network Load Balancer: the default for TCP, configurable since September 2024. Later packets are answered with a
	 * RST (Elastic Load Balancing, Network Load Balancers, connection idle timeout).
	 */
	'aws-nlb': { seconds: 350, answer: 'reset' },
	/**
	 * AWS NAT gateway. Hosts behind it that go on to send get a RST (Amazon VPC, troubleshooting of NAT gateways:
	 * connections drop after 350 seconds).
	 */
	'aws-nat-gateway': { seconds: 350, answer: 'reset' },
	/** Azure Load Balancer: 4 minutes, silently, unless TCP reset is enabled (“Load Balancer TCP Reset and Idle Timeout”). */
	'azure-load-balancer': { seconds: 240, answer: 'nothing' },
	/** Google Cloud’s VPC firewall: 10 minutes (VPC, “VPC firewall rules”, “Connection tracking”: idle connections). */
	'google-vpc': { seconds: 600, answer: 'nothing' },
	/**
	 * IPVS, which balances in Docker’s swarm mode and in Kubernetes: IP_VS_TCP_S_ESTABLISHED is 15 minutes
	 * (net/netfilter/ipvs/ip_vs_proto_tcp.c, tcp_timeouts; moby#31208). A later packet reaches the balancer’s own stack,
	 * which has no such socket.
	 */
	ipvs: { seconds: 900, answer: 'reset' },
	/** Linux: 5 days (Documentation/networking/nf_conntrack-sysctl.rst, nf_conntrack_tcp_timeout_established). */
	conntrack: { seconds: 432_000, answer: 'nothing' },
} as const satisfies Readonly<Record<string, IdleTimeout>>;

export type IdleTimeoutName = keyof typeof IDLE_TIMEOUTS;
