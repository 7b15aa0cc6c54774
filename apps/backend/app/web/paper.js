/**
 * Draws the Word document that the page around this frame sends. The frame is sandboxed: what a
 * document brings along sees neither the page nor its key, and fetches nothing.
 */
window.addEventListener('message', async (event) => {
  if (event.source !== parent) return;
  const { docx } = /** @type {any} */ (window);
  try {
    const [paper, styles] = ['paper', 'styles'].map((id) => document.getElementById(id));
    await docx.renderAsync(event.data, paper, styles, {
      useBase64URL: true,
      renderAltChunks: false,
      ignoreLastRenderedPageBreak: false,
    });
    const wide = document.querySelector('section.docx')?.scrollWidth ?? innerWidth;
    document.body.style.zoom = String(Math.min(1, innerWidth / wide));
    parent.postMessage({ height: Math.ceil(document.documentElement.scrollHeight) }, '*');
  } catch (error) {
    parent.postMessage({ failed: String(error) }, '*');
  }
});
parent.postMessage({ ready: true }, '*');
