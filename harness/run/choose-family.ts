import { HalfopenError } from '../errors.ts';
import { FAMILIES, type Family } from '../timeline/timeline-file.ts';

/** The environment variable that selects the addresses of the hosts. */
export const FAMILY_VARIABLE = 'HALFOPEN_FAMILY';

/** Returns the family that the user has chosen; IPv4 without a choice. Throws FAMILY_UNKNOWN. */
export function chooseFamily(wanted = process.env[FAMILY_VARIABLE]): Family {
	const family = FAMILIES.find((one) => one === (wanted || 'ipv4'));
	if (family) return family;
	throw new HalfopenError('FAMILY_UNKNOWN', {
		problem: 'There is no such family of addresses.',
		seen: `${FAMILY_VARIABLE}=${wanted}`,
		remedy: `Set ${FAMILY_VARIABLE} to ${FAMILIES.join(' or ')}, or unset it.`,
	});
}
