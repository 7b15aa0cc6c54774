/** Pictures that cells name: an archive of them, for templates that show any. */
import * as api from './api.js';

/** An element of index.html, which says of what kind it is. @type {(id: string) => any} */
const $ = (id) => document.getElementById(id);
const state = { archive: null, offered: false };

/** The archive that a conversion takes its pictures from, if the template shows any. */
export const picturesId = () => (state.offered ? state.archive?.id : undefined);

/** What that archive is called; null without one. */
export const picturesName = () => (picturesId() ? state.archive.name : null);

/** @param {any} template asks for an archive where it shows pictures @param {any} t the page's words */
export function offerPictures(template, t) {
  state.offered = Boolean(template && template.versions.at(-1).fields.uses_images);
  $('pictures-part').hidden = !state.offered;
  usePictures(state.archive, t);
}

/** @param {any} archive null for none @param {any} t the page's words */
export function usePictures(archive, t) {
  state.archive = archive;
  $('pictures-status').textContent = archive ? t.pictures(archive) : t.noPictures;
  $('pictures-none').hidden = !archive;
}

/**
 * @param {() => any} t the page's words
 * @param {(action: () => Promise<void>, button: any, step: string) => Promise<void>} guarded shows what goes wrong
 */
export function startPictures(t, guarded) {
  $('pictures-file').onchange = ({ target }) =>
    guarded(
      async () => {
        try {
          if (target.files[0]) usePictures(await api.uploadPictures(target.files[0]), t());
        } finally {
          target.value = '';
        }
      },
      null,
      'mode-section',
    );
  $('pictures-none').onclick = () => usePictures(null, t());
}
