// The panel's looks. Colours are pairs that reach 4.5 to 1 for text and 3 to 1 for edges, light and dark.
export default `
.panel { --page: #fff; --ink: #1d2420; --soft: #55605a; --line: #7d8781; --tint: #eef2ef; --tip: #fff7d6; --ring: #0b57d0; --bad: #a3170f;
  box-sizing: border-box; position: fixed; bottom: 1rem; right: 1rem; width: min(25rem, calc(100vw - 2rem));
  height: min(40rem, calc(100vh - 2rem)); height: min(40rem, calc(100dvh - 2rem)); display: flex; flex-direction: column;
  overflow: hidden; border: 1px solid var(--line); border-radius: 16px; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; text-align: start; box-shadow: 0 8px 32px #0004; color-scheme: light dark; }
:host([data-side=links]) .panel { right: auto; left: 1rem; }
@media (prefers-color-scheme: dark) { .panel { --page: #191f1c; --ink: #edf2ef; --soft: #b3beb8; --line: #7f8a84; --tint: #2a322e; --tip: #3d3718;
  --ring: #a8c7fa; --bad: #ffb4ab; } }
.panel[hidden], .panel [hidden] { display: none; }
.panel *, .panel *::before { box-sizing: border-box; }
.panel p, .panel ul, .panel ol, .panel h2 { margin: 0; padding: 0; font-size: inherit; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.panel button, .panel input { font: inherit; color: inherit; }
.panel button { min-width: 44px; min-height: 44px; padding: .3rem .8rem; border: 1px solid var(--line); border-radius: 22px; background: var(--page); cursor: pointer; }
.panel button:hover { background: var(--tint); } .panel .head button:hover { background: #0003; }
.panel button:disabled, .panel input:disabled { opacity: .6; cursor: not-allowed; }
.panel :focus-visible { outline: 3px solid var(--ring); outline-offset: 2px; } .panel input:focus-visible { outline-offset: -1px; }
.panel svg { width: 22px; height: 22px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; display: block; margin: auto; }
.head { display: flex; flex-wrap: wrap; align-items: center; column-gap: .2rem; padding: .3rem .5rem .3rem 1rem; background: var(--accent, #1f6b4a); color: var(--on-accent, #fff); }
.head h2 { flex: 1; min-width: 5rem; font-weight: 700; line-height: 1.3; }
.panel .head p { flex: 1 0 100%; font-size: 14px; line-height: 1.3; margin-top: -.4rem; padding-bottom: .2rem; }
.panel .head button { background: none; border-color: transparent; padding: .2rem .5rem; border-radius: 8px; }
.panel .head .human { font-size: 14px; text-decoration: underline; text-underline-offset: 3px; }
.panel .head :focus-visible { outline-color: currentColor; outline-offset: -3px; }
.menu { display: grid; padding: .5rem; gap: .3rem; border-bottom: 1px solid var(--line); background: var(--page); }
.panel .menu button { border-radius: 8px; text-align: start; border-color: transparent; }
.log { position: relative; flex: 1 1 auto; min-height: 0; overflow-y: auto; overscroll-behavior: contain; padding: 1rem; display: flex; flex-direction: column; gap: .8rem; }
.log:focus-visible { outline-offset: -3px; }
.day { align-self: center; color: var(--soft); font-size: 13px; }
.turn { display: flex; flex-direction: column; max-width: 88%; align-items: flex-start; align-self: flex-start; }
.turn.user { align-self: flex-end; align-items: flex-end; }
.bubble { padding: .6rem .9rem; border-radius: 16px; background: var(--tint); overflow-wrap: anywhere; border: 1px solid transparent; min-width: 0; max-width: 100%; }
.user .bubble { background: var(--accent, #1f6b4a); color: var(--on-accent, #fff); }
.bubble > * + * { margin-top: .5rem !important; }
.bubble ul, .bubble ol { padding-inline-start: 1.3rem !important; }
.bubble a { color: inherit; text-decoration: underline; text-underline-offset: 2px; }
.meta { display: flex; flex-wrap: wrap; align-items: center; gap: .2rem; color: var(--soft); font-size: 13px; }
.panel .meta button { min-width: 32px; min-height: 32px; padding: 3px; border-color: transparent; border-radius: 8px; background: none; }
.panel .meta button.retry { padding: 3px 8px; text-decoration: underline; color: var(--bad); }
.meta .from { color: var(--ink); font-weight: 700; }
.meta svg { width: 18px; height: 18px; }
.panel .meta [aria-pressed=true] { border-color: currentColor; color: var(--ink); background: var(--tint); }
.meta .bad { color: var(--bad); }
.note { align-self: center; text-align: center; color: var(--soft); font-size: 14px; max-width: 90%; }
.choices { list-style: none; display: flex; flex-wrap: wrap; gap: .5rem; }
.panel .choices button { text-align: start; padding: .4rem .9rem; line-height: 1.3; }
.panel .picture { padding: 0; border-radius: 12px; overflow: hidden; display: block; width: 22rem; max-width: 100%; }
.picture img { display: block; width: 100%; height: auto; aspect-ratio: auto 8/11; }
.typing span { display: inline-block; width: 7px; height: 7px; margin-inline-end: 4px; border-radius: 50%; background: var(--soft); animation: rise 1s infinite; }
.typing span:nth-child(2) { animation-delay: .15s } .typing span:nth-child(3) { animation-delay: .3s }
@keyframes rise { 40% { transform: translateY(-4px) } 80% { transform: none } }
@media (prefers-reduced-motion: reduce) { .typing span { animation: none } }
.state { padding: .5rem 1rem; background: var(--tip); font-size: 14px; border-top: 1px solid var(--line); }
.state:empty { display: none; }
.foot { position: relative; border-top: 1px solid var(--line); padding: .6rem; padding-bottom: max(.6rem, env(safe-area-inset-bottom)); background: var(--page); }
form { display: flex; gap: .5rem; }
.panel input { flex: 1; min-width: 0; min-height: 44px; padding: .4rem .9rem; border: 1px solid var(--line); border-radius: 22px; background: var(--page); }
.panel input::placeholder { color: var(--soft); opacity: 1; }
.menu-button svg { stroke-width: 4; }
.panel .send, .panel .send:hover { background: var(--accent, #1f6b4a); color: var(--on-accent, #fff); padding: 0; }
[role=listbox] { position: absolute; bottom: 100%; left: 0; right: 0; list-style: none; margin: 0; background: var(--page); border-top: 1px solid var(--line); box-shadow: 0 -4px 12px #0002; max-height: 50vh; overflow-y: auto; }
[role=option] { padding: .6rem 1rem; min-height: 44px; cursor: pointer; }
[role=option][aria-selected=true], [role=option]:hover { background: var(--tint); box-shadow: inset 4px 0 var(--ring); }
dialog { border: 1px solid var(--line); border-radius: 12px; background: var(--page); color: var(--ink); padding: 1rem; max-width: min(24rem, 92vw); }
dialog::backdrop { background: #000a; }
.row { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: 1rem; }
dialog.zoom { max-width: 96vw; max-height: 96vh; width: 96vw; height: 96vh; padding: .5rem; }
dialog.zoom[open] { display: flex; flex-direction: column; }
.zoom .row { margin: 0 0 .5rem; justify-content: flex-end; }
.frame { flex: 1; min-height: 0; overflow: auto; display: grid; grid-template: minmax(0, 1fr) / minmax(0, 1fr); }
.frame img { width: 100%; height: 100%; object-fit: contain; }
.large .frame img { width: 220%; height: 220%; }
@media (max-width: 480px), (max-height: 480px) { .panel, :host([data-side=links]) .panel { inset: 0; width: 100%; height: 100%; height: 100dvh; border: 0; border-radius: 0; } }
@media (max-height: 420px) { .panel { display: block; overflow-y: auto; } .log { min-height: 8rem; max-height: none; overflow: visible; } [role=listbox] { position: static; } }
@media (forced-colors: active) { .panel, .bubble, .panel button { border-color: ButtonText !important; } [role=option][aria-selected=true], .panel [aria-pressed=true] { outline: 2px solid Highlight; outline-offset: -2px; } .panel .head p { margin: 0; } .typing span { background: CanvasText } }
`;
