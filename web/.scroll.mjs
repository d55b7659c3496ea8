import { chromium } from "@playwright/test";
const base = process.env.STILLROOM_URL;
const b = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const p = await (await b.newContext({ viewport: { width:1440, height:900 } })).newPage();
await p.goto(base + "/demo/projects/big/migrations");
await p.fill("input[name=email]", process.env.STILLROOM_ADMIN_EMAIL); await p.fill("input[name=password]", process.env.STILLROOM_ADMIN_PASSWORD); await p.keyboard.press("Enter");
await p.waitForSelector("[data-revision]");
console.log(await p.evaluate(async () => {
  const g = document.querySelector('[role=grid]'); const times=[]; let last=performance.now(); const t0=last;
  await new Promise(done => { let n=0; const f=(t)=>{ times.push(t-last); last=t; g.scrollTop += 240; if (++n<180) requestAnimationFrame(f); else done(); }; requestAnimationFrame(f); });
  times.sort((a,b)=>a-b); return {median: times[90], p95: times[171], max: times[179], total: performance.now()-t0, rows: document.querySelectorAll('[data-revision]').length, nodes: document.querySelectorAll('*').length};
}));
await b.close();
