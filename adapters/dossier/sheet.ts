/** The sheet that everything is drawn on: A4, in points. */
export type Doc = PDFKit.PDFDocument;

export const page = { margin: 50, top: 68, bottom: 62 } as const;

export const ink = {
  text: '#1b1f24',
  quiet: '#5b6672',
  line: '#c9d1d9',
  shade: '#f2f5f8',
  heading: '#dde5ec',
  accent: '#0b4f6c',
} as const;

/** Begins a page where there is not so much room left on this one. */
export function requireRoom(doc: Doc, height: number): void {
  if (doc.y + height > doc.page.height - page.bottom) doc.addPage();
}
