/** The page's only style sheet, inlined: the page loads nothing. */
export const STYLE = `
:root{color-scheme:light dark;--ground:#f6f8fa;--card:#fff;--line:#d8dee4;--text:#1f2328;--soft:#59636e;--hit:#1a7f37;--rebuild:#bc4c00;--failed:#cf222e;--skipped:#818b98;--track:#eaeef2;--bar:#0969da}
@media(prefers-color-scheme:dark){:root{--ground:#0d1117;--card:#151b23;--line:#2f3742;--text:#e6edf3;--soft:#9198a1;--hit:#3fb950;--rebuild:#f0883e;--failed:#ff7b72;--skipped:#656c76;--track:#212830;--bar:#58a6ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:15px/1.5 system-ui,sans-serif}
main{max-width:1160px;margin:0 auto;padding:28px 20px 56px}
h1{font-size:24px;margin:0;letter-spacing:-.01em}
h2{font-size:16px;margin:0 0 12px}
.soft{color:var(--soft)}
header{margin-bottom:20px}header p{margin:4px 0 0}
code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}
section,.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:16px 18px;margin-bottom:14px;min-width:0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:14px;margin:0 0 14px}
.card{margin:0}.card dt{color:var(--soft);font-size:13px}.card dd{margin:0}
.card b{display:block;font-size:26px;line-height:1.3;font-variant-numeric:tabular-nums;letter-spacing:-.02em}
.scroll{overflow-x:auto}.scroll:focus-visible{outline:2px solid var(--bar);outline-offset:2px}
.stage-graph{display:block;max-width:100%;height:auto;margin-bottom:12px}@media(max-width:900px){.stage-graph{max-width:none}}
table{border-collapse:collapse;width:100%;font-size:13.5px}
caption{text-align:left;color:var(--soft);font-size:13px;padding-bottom:8px}
th,td{text-align:left;font-weight:400;padding:6px 14px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}
thead th{color:var(--soft);font-size:12px;white-space:nowrap}
tbody tr:last-child>*{border-bottom:0}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.bar{width:32%;min-width:180px;vertical-align:middle}
.bar svg{display:block;width:100%;height:12px;border-radius:3px}
.track{fill:var(--track)}.fill{fill:var(--bar)}
rect.hit{fill:var(--hit)}rect.rebuild{fill:var(--rebuild)}rect.failed{fill:var(--failed)}rect.skipped{fill:var(--skipped)}
.mark{white-space:nowrap}
.mark.hit{color:var(--hit)}.mark.rebuild{color:var(--rebuild)}.mark.failed{color:var(--failed)}.mark.skipped{color:var(--soft)}
tr.this>*{font-weight:600}
`;
