import type Dockerode from 'dockerode';
import { confinedMachine } from './confined.ts';
import type { ContainersOptions } from './containers.ts';
import { pidNamespaceName } from './pid-namespace.ts';

/** Where and for whom the machines of a lab are created. */
export interface MachineOptions extends ContainersOptions {
	/** The folders of /proc/sys on the engine's machine. */
	readonly sysctlFolders: readonly string[];
}

/** Returns the settings that hosts' machines and wires have in common. */
export function machineConfig({ run, sysctlFolders }: MachineOptions): Dockerode.HostConfig {
	return {
		NetworkMode: 'none',
		PidMode: `container:${pidNamespaceName(run)}`,
		...confinedMachine(sysctlFolders),
	};
}
