/** Colours for light and dark backgrounds. The reader's system chooses, or the page around it with `data-theme`. */
const LIGHT = {
	paper: '#ffffff',
	ink: '#1f2328',
	faint: '#656d76',
	line: '#8c959f',
	arrow: '#0b57a4',
	lost: '#cf222e',
	fault: '#9a6700',
	shade: '#d4a72c',
	cause: '#8250df',
	opening: '#54aeff',
	open: '#4ac26b',
	closing: '#f0883e',
	half: '#e3b341',
	rest: '#a8b1bb',
	listen: '#76c7c0',
};
const DARK: Readonly<Record<keyof typeof LIGHT, string>> = {
	paper: '#0d1117',
	ink: '#e6edf3',
	faint: '#8d96a0',
	line: '#6e7681',
	arrow: '#79c0ff',
	lost: '#ff7b72',
	fault: '#e3b341',
	shade: '#bb8009',
	cause: '#d2a8ff',
	opening: '#1f6feb',
	open: '#2ea043',
	closing: '#bd561d',
	half: '#9e6a03',
	rest: '#57606a',
	listen: '#2d7f79',
};

const variables = (colours: Readonly<Record<string, string>>) =>
	Object.entries(colours)
		.map(([name, colour]) => `--${name}:${colour}`)
		.join(';');

const ROOT = 'svg.halfopen-ladder';

/** In all these font families, the width of each character is 0.602 of the font size. */
const FONT_SIZE = 11.5;
export const CHARACTER_WIDTH = 6.95;

export const STYLE = `
${ROOT}{${variables(LIGHT)};color-scheme:light dark}
@media (prefers-color-scheme:dark){${ROOT}{${variables(DARK)}}}
[data-theme=light] ${ROOT}{${variables(LIGHT)}}
[data-theme=dark] ${ROOT}{${variables(DARK)}}
${ROOT} text{font:${FONT_SIZE}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:var(--ink);white-space:pre}
${ROOT} .paper{fill:var(--paper)}
${ROOT} .heading{font:600 16px system-ui,sans-serif}
${ROOT} .host{font-weight:600}
${ROOT} .prose{font:13px system-ui,sans-serif}
${ROOT} .label,${ROOT} .step text{font:600 13px system-ui,sans-serif}
${ROOT} .time,${ROOT} .note,${ROOT} .wait text{fill:var(--faint);font-size:10.5px}
${ROOT} .lifeline{stroke:var(--line);stroke-width:1.5}
${ROOT} .break{stroke:var(--paper);stroke-width:5;stroke-dasharray:2 4}
${ROOT} .gone{stroke:var(--paper);stroke-width:2.5;stroke-dasharray:3 3}
${ROOT} .rule{stroke:var(--line);stroke-width:.5}
${ROOT} .segment line{stroke:var(--arrow);stroke-width:1.4}
${ROOT} .segment path{fill:var(--arrow)}
${ROOT} .segment .unknown{stroke:var(--faint);stroke-dasharray:2 4}
${ROOT} .segment.loopback text{text-anchor:inherit;fill:var(--arrow)}
${ROOT} .bundle text{fill:var(--faint);paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
${ROOT} .lapse text{fill:var(--lost);font-weight:600;paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
${ROOT} .lapse .rule{stroke:var(--lost);stroke-dasharray:6 4}
${ROOT} .segment .again{stroke-dasharray:7 3}
${ROOT} .segment .lost{stroke:var(--lost)}
${ROOT} .segment .unobserved{stroke:var(--lost);stroke-dasharray:3 3}
${ROOT} .segment .cross{stroke:var(--lost);stroke-width:2}
${ROOT} .segment .fate{fill:var(--lost)}
${ROOT} .segment text{text-anchor:middle;paint-order:stroke;stroke:var(--paper);stroke-width:3px}
${ROOT} .failed text,${ROOT} .failed,${ROOT} .error text,${ROOT} .reset text{fill:var(--lost)}
${ROOT} .failed text,${ROOT} .error text{font-weight:600}
${ROOT} .state text{font-weight:600}
${ROOT} .sockets text{fill:var(--faint)}
${ROOT} .process text,${ROOT} .output text{fill:var(--cause)}
${ROOT} .fault text,${ROOT} .step text{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
${ROOT} .fault text{fill:var(--fault);font-weight:600}
${ROOT} .fault .proof{font-weight:400}
${ROOT} .fault rect{fill:var(--shade);opacity:.14}
${ROOT} .block{fill:var(--faint);opacity:.55}
${ROOT} .block.failed{fill:var(--lost);opacity:.7}
${ROOT} .timer rect,${ROOT} .running{fill:var(--cause);opacity:.75}
${ROOT} .band{stroke:var(--paper);stroke-width:1}
${ROOT} text.in-band{font-size:8.5px;font-weight:600}
${ROOT} .holds{fill:var(--open)}
${ROOT} .differs{fill:var(--closing)}
${ROOT} g[data-kind]:hover{opacity:.75}
${ROOT} .opening{fill:var(--opening)}
${ROOT} .open{fill:var(--open)}
${ROOT} .closing{fill:var(--closing)}
${ROOT} .half{fill:var(--half)}
${ROOT} .rest{fill:var(--rest)}
${ROOT} .unknown{fill:none;stroke:var(--rest);stroke-dasharray:2 3}
${ROOT} .listen{fill:var(--listen)}
`.trim();

/** The groups of states that share a colour. */
const FAMILIES: Readonly<Record<string, string>> = {
	LISTEN: 'listen',
	'SYN-SENT': 'opening',
	'SYN-RECV': 'opening',
	ESTAB: 'open',
	'CLOSE-WAIT': 'half',
	'FIN-WAIT-2': 'half',
	'TIME-WAIT': 'rest',
	// The names of conntrack.
	ESTABLISHED: 'open',
	CLOSE: 'rest',
};

/** Returns the class with a state's colour. */
export function familyOf(state: string): string {
	return FAMILIES[state.replaceAll('_', '-')] ?? 'closing';
}
