export { matrixView } from './matrix-view.ts';
export { type PageScenario, pageScenario, readParts, renderPage } from './render-page.ts';
