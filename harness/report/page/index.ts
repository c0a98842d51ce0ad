export { type PageScenario, pageScenario, readParts, renderPage } from './render-page.ts';
