// The page after the payment: asks whether it is settled, less and less often, and shows the receipt in its place.
// The address is asked again at most once, and nothing reloads by itself.

const PAUSES_MS = [1000, 1000, 1500, 2000, 2000, 3000, 3000, 4000, 5000, 5000, 5000, 8000, 8000, 10000, 10000, 15000];
const PATIENCE_AFTER = 8;

async function askStage(url) {
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" }, cache: "no-store" });
    return answer.ok ? (await answer.json()).stage : "confirming";
  } catch {
    return "confirming";
  }
}

async function showReceipt() {
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const stage = document.querySelector("[data-stage]");
  stage.replaceChildren(...page.querySelector("[data-stage]").childNodes);
  stage.dataset.stage = "settled";
  document.title = page.title;
  // Screen readers are told the heading alone; the rest is read when they get there.
  document.querySelector("[data-said]").textContent = stage.querySelector("h1").textContent;
  document.getElementById("content").focus();
  scrollTo({ top: 0 });
}

async function follow(confirming) {
  const url = confirming.dataset.confirming;
  for (const [turn, pause] of PAUSES_MS.entries()) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    if ((await askStage(url)) !== "confirming") {
      await showReceipt();
      return;
    }
    if (turn === PATIENCE_AFTER) confirming.querySelector("[data-patience]").hidden = false;
  }
  confirming.querySelector(".running").remove();
}

const confirming = document.querySelector("[data-confirming]");
if (confirming) follow(confirming);
