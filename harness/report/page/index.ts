export { type PageScenario, pageScenario, readParts, renderPage } from './page.ts';
