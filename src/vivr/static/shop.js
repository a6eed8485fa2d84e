// What the shop adds where scripts run; every page works without. Nothing is fetched here.

// Product: the price, the stock and the first picture follow the choice.
for (const form of document.querySelectorAll("[data-product]")) {
  const gallery = document.querySelector("[data-gallery]");
  const variants = [...form.querySelectorAll("[data-variant]")];
  form.addEventListener("change", (event) => {
    if (event.target.type !== "radio") return;
    const wanted = [...form.querySelectorAll("input[type=radio]:checked")].map((radio) => radio.value);
    const chosen = variants.find((variant) => variant.dataset.variant === JSON.stringify(wanted));
    if (!chosen) return;
    const price = form.querySelector("[data-price]");
    const stock = form.querySelector("[data-stock]");
    price.replaceChildren(...chosen.querySelector("[data-variant-price]").cloneNode(true).childNodes);
    stock.replaceChildren(...chosen.querySelector("[data-variant-stock]").cloneNode(true).childNodes);
    const left = Number(chosen.dataset.left);
    stock.classList.toggle("none", left <= 0);
    stock.classList.toggle("few", left > 0 && left <= Number(form.dataset.few));
    form.querySelector("button[type=submit]").disabled = left <= 0;
    const picture = gallery.querySelector(`[data-picture="${chosen.dataset.picture}"]`);
    if (picture) {
      gallery.querySelector(".chosen")?.classList.remove("chosen");
      picture.classList.add("chosen");
      gallery.scrollTo({ left: 0 });
    }
  });
}

// Basket: a changed quantity is sent at once, so that the button for it is not needed.
for (const form of document.querySelectorAll("[data-cart]")) {
  const update = form.querySelector("[data-update]");
  update.hidden = true;
  form.addEventListener("change", () => form.reportValidity() && form.requestSubmit(update));
}

// Forms that act once: a second click while the first is under way does nothing.
for (const form of document.querySelectorAll("[data-once]")) {
  let isSent = false;
  form.addEventListener("submit", (event) => {
    if (isSent) event.preventDefault();
    isSent = true;
  });
  // The browser's back button brings the page back as it was left.
  addEventListener("pageshow", () => {
    isSent = false;
  });
}
