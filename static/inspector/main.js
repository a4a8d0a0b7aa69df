// The inspector's script. The page works without: every step, run and choice
// is a link or a form of its own. With it the page draws itself as exchanges
// happen. Read drawn.js first (what is shown), then swap.js (how it changes).

import { copying } from './copy.js';
import { tick } from './countdown.js';
import { changed, missed } from './drawn.js';
import { listen } from './events.js';
import { filtering } from './filter.js';
import { lighting } from './light.js';
import { stepping } from './steps.js';
import { dress } from './swap.js';

dress((root) => {
  for (const e of root.querySelectorAll('.scripted[hidden]')) {
    // Away from https and localhost a browser has no clipboard to copy to.
    if (navigator.clipboard || !e.hasAttribute('data-copy')) e.hidden = false;
  }
  for (const e of root.querySelectorAll('.unscripted')) e.hidden = true;
});
lighting();
copying();

// The page of an attack has no run, and no stream.
const { events } = document.querySelector('.insp').dataset;
if (events) {
  dress(tick);
  setInterval(tick, 1000, document);
  filtering();
  stepping();
  listen(events, changed, missed);
}
