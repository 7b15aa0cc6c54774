/** The page's only style sheet, inlined: the page loads nothing. */
export const style = `
:root { color-scheme: light dark; --ground: #f6f7f9; --card: #fff; --line: #e3e6eb; --text: #1b2430; --soft: #66707f;
  --hit: #1f8f68; --miss: #e0a13c; --track: #f0f2f5; --accent: #1f6feb; }
@media (prefers-color-scheme: dark) { :root { --ground: #0f1319; --card: #171d26; --line: #28303c; --text: #e6eaf0;
  --soft: #93a0b1; --hit: #35b98a; --miss: #d99a3a; --track: #1e2631; --accent: #5b9bff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 20px 60px; }
header { display: flex; align-items: baseline; justify-content: space-between; gap: 16px; flex-wrap: wrap; margin-bottom: 20px; }
h1 { font-size: 22px; margin: 0; letter-spacing: -.01em; } h2 { font-size: 15px; margin: 0 0 12px; }
p.who, .soft, figcaption { color: var(--soft); } p.who { margin: 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 14px; margin-bottom: 14px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 14px; margin-bottom: 14px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 16px 18px; min-width: 0; }
.cards b { display: block; font-size: 26px; line-height: 1.25; font-variant-numeric: tabular-nums; letter-spacing: -.02em; }
figure { margin: 0; } figure svg { width: 100%; height: 130px; display: block; } figcaption { display: flex; justify-content: space-between; font-size: 12px; margin-top: 4px; }
.hit, .out { fill: var(--hit); } .miss, .in { fill: var(--miss); } .track { fill: var(--track); }
.key { font-weight: 400; font-size: 12px; color: var(--soft); margin-left: 10px; } .key i { display: inline-block; width: 9px; height: 9px; border-radius: 2px; margin: 0 4px 0 8px; }
.key i.a { background: var(--hit); } .key i.b { background: var(--miss); }
ul.bars { list-style: none; margin: 0; padding: 0; display: grid; gap: 8px; }
ul.bars li { display: grid; grid-template-columns: 9em 1fr auto; gap: 12px; align-items: center; } ul.bars svg { width: 100%; height: 8px; border-radius: 4px; }
.name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; } .value { color: var(--soft); font-size: 13px; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th { text-align: left; font-weight: 500; color: var(--soft); font-size: 12px; } th, td { padding: 7px 10px 7px 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
tr:last-child td { border-bottom: 0; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; } td.n + td, th.n + th { padding-left: 14px; } code { font: 12.5px ui-monospace, monospace; }
.tag { background: var(--track); border-radius: 6px; padding: 1px 7px; font-size: 12.5px; }
nav.pages { display: flex; gap: 16px; justify-content: center; margin-top: 14px; color: var(--soft); font-size: 13.5px; } a { color: var(--accent); } th a { color: inherit; }
time { font-variant-numeric: tabular-nums; } form.filter { flex-wrap: wrap; margin-bottom: 10px; align-items: end; } form.filter input[type=search] { flex: 1 1 160px; }
form.filter label { display: grid; gap: 2px; font-size: 12px; color: var(--soft); flex: 0 1 150px; min-width: 0; } select { font: inherit; font-size: 15px; padding: 7px 8px; border-radius: 8px; border: 1px solid var(--line); background: var(--ground); color: var(--text); min-width: 0; width: 100%; }
form { display: flex; gap: 8px; margin: 0; } input { flex: 1; font: inherit; padding: 7px 11px; border-radius: 8px; border: 1px solid var(--line); background: var(--ground); color: inherit; min-width: 0; }
button { font: inherit; padding: 7px 14px; border: 0; border-radius: 8px; background: var(--accent); color: #fff; cursor: pointer; } button.plain { background: none; color: var(--soft); padding: 0; text-decoration: underline; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.login { max-width: 430px; margin: 16vh auto 0; } .login p { margin: 6px 0 16px; } .error { color: #d1453b; } .headed { display: flex; justify-content: space-between; gap: 14px; flex-wrap: wrap; margin-bottom: 8px; } 
@media (max-width: 640px) {
  main { padding: 16px 12px 40px; } .cards { grid-template-columns: 1fr 1fr; } section { padding: 14px; }
  ul.bars li { grid-template-columns: 1fr auto; } ul.bars svg { grid-column: 1 / -1; grid-row: 2; }
  form.filter label { flex: 1 1 100%; } table, tbody, tr, td { display: block; } thead { position: absolute; left: -9999px; }
  tr { padding: 8px 0; border-bottom: 1px solid var(--line); } td, td.n + td { padding: 2px 0; border: 0; display: flex; gap: 12px; justify-content: space-between; text-align: right; white-space: normal; overflow-wrap: anywhere; }
  td::before { content: attr(data-label); color: var(--soft); flex: none; text-align: left; }
}
`;
