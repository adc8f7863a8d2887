"""How the page of a backtest looks: light and dark, from a phone to a wide screen."""

CSS = """
:root{--ink:#1f2428;--soft:#5d666e;--line:#dfe3e6;--paper:#f6f7f8;--card:#fff;--was:#a9b4bd;--now:#1a6f5c;
--warm:#8a4b08;--good:#17613f;--bad:#a3231f;--bad-soft:#fbeae9;--good-soft:#e8f4ee}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaec;--soft:#a3acb4;--line:#363d43;--paper:#16191c;--card:#1f2327;
--was:#6a757e;--now:#4fb79c;--warm:#e3a45c;--good:#7fcfa5;--bad:#f08b86;--bad-soft:#3a2322;--good-soft:#1d3329}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Noto Sans","Noto Sans Thai",sans-serif}
header,main,footer{max-width:64rem;margin:0 auto;padding:0 1rem}
header{padding-top:2rem}
h1{font-size:1.5rem;line-height:1.25;margin:.1rem 0 .4rem;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2.2rem 0 .8rem}
h3{font-size:1rem;margin:0 0 .6rem;overflow-wrap:anywhere}
article details{border-width:1px 0 0;border-radius:0;padding:.6rem 0 0;margin:.8rem 0 0}
article summary{font-size:.9rem;margin-bottom:.5rem;overflow-wrap:anywhere}
h5{font-size:.75rem;margin:0 0 .3rem;color:var(--soft);text-transform:uppercase;letter-spacing:.06em}
p{margin:.2rem 0 .6rem}
header p,footer,small,time,.kind{color:var(--soft)}
.kind{font-size:.75rem;text-transform:uppercase;letter-spacing:.1em;margin:0}
code{font-size:.85em;font-weight:400;color:var(--soft)}
.totals{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.6rem;margin-top:1.2rem}
.totals div,article,details,.limits{background:var(--card);border:1px solid var(--line);border-radius:.6rem}
.totals div{padding:.7rem .8rem;display:flex;flex-direction:column}
.totals span{font-size:.8rem;color:var(--soft);line-height:1.3;flex:1}
.totals strong{font-size:1.5rem;font-variant-numeric:tabular-nums;line-height:1.3}
small{font-size:.78rem}
small.moved{color:var(--warm);font-weight:600}
article,details{padding:1rem;margin:0 0 1rem}
summary{cursor:pointer}
details h3{margin-top:1.2rem}
.tag{font-size:.75rem;font-weight:400;border:1px solid var(--warm);color:var(--warm);border-radius:1rem;padding:0 .5rem;
white-space:nowrap}
.limits{list-style:none;padding:.3rem .9rem;margin:1.2rem 0 0}
.limits li{padding:.35rem 0;overflow-wrap:anywhere}
.limits .bad,p.bad{color:var(--bad);font-weight:600}
.limits .good{color:var(--good)}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.35rem 0 .35rem .6rem;text-align:right;vertical-align:top;border-top:1px solid var(--line)}
thead th{border:0;font-size:.75rem;font-weight:400;color:var(--soft);white-space:nowrap}
tbody th{text-align:left;font-weight:400;padding-left:0;overflow-wrap:anywhere}
tbody th small{display:block;color:var(--soft);line-height:1.3}
tr.moved td:last-child{font-weight:600;color:var(--warm)}
tr.still{color:var(--soft)}
td i{font-style:normal;font-weight:400;display:block;font-size:.78rem}
.bars{display:block;max-width:22rem;margin-top:.3rem}
.bars b{display:block;height:.3rem;border-radius:.2rem;background:var(--was);min-width:2px;margin-top:2px}
.bars b+b{background:var(--now)}
.sides{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,18rem),1fr));gap:1rem}
.sides>div{min-width:0}
.sides ul{margin:0 0 .5rem;padding:0;list-style:none;font-size:.85rem}
.sides li{padding:.1rem 0;overflow-wrap:anywhere}
time{font-variant-numeric:tabular-nums;white-space:nowrap}
.subject{font-weight:600;font-size:.9rem;margin:.4rem 0;overflow-wrap:anywhere}
iframe{width:100%;height:26rem;border:1px solid var(--line);border-radius:.4rem;background:#fff}
footer{padding-top:1rem;padding-bottom:2.5rem;font-size:.85rem}
"""
