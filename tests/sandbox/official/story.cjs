// The story of test_story.py told by the official client for node: the same steps in the same order, and the same facts
// at the end, printed as JSON.
"use strict";
const http = require("node:http");
const Stripe = require("stripe");

const url = new URL(process.env.SANDBOX_URL);
const key = process.env.SANDBOX_KEY;
const WAIT_MS = 30_000;
const stripe = new Stripe(key, {
  apiVersion: process.env.STRIPE_VERSION,
  host: url.hostname,
  port: url.port,
  protocol: "http",
  telemetry: false,
  maxNetworkRetries: 0,
});

const control = async (path, body) => {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  const answer = await fetch(`${url.origin}/_sandbox/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
};

const buy = async (cents, order, number) => {
  const session = await stripe.checkout.sessions.create(
    {
      mode: "payment",
      line_items: [{ price_data: { currency: "eur", unit_amount: cents, product_data: { name: "Bowl" } }, quantity: 1 }],
      success_url: "http://127.0.0.1:9/thanks",
      customer_email: "anna@example.com",
      client_reference_id: order,
    },
    { idempotencyKey: `session-${order}` },
  );
  const form = new URLSearchParams({ number, expiry: "12 / 40", cvc: "123", name: "Anna" });
  const paid = await fetch(session.url, { method: "POST", body: form, redirect: "manual" });
  const seen = await stripe.checkout.sessions.retrieve(session.id, { expand: ["payment_intent.latest_charge"] });
  return { created: session, page: paid.status, seen };
};

const listen = async () => {
  const verified = [];
  const secrets = [];
  const server = http.createServer((request, answer) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts);
      const signature = request.headers["stripe-signature"];
      verified.push(stripe.webhooks.constructEvent(body, signature, secrets[0]).type);
      answer.end();
    });
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const endpoint = await stripe.webhookEndpoints.create({
    url: `http://127.0.0.1:${server.address().port}/hook`,
    enabled_events: ["*"],
  });
  secrets.push(endpoint.secret);
  return { server, verified };
};

const refused = async (call) => {
  try {
    await call();
  } catch (error) {
    return [error.statusCode, error.rawType, error.code ?? null, error.param ?? null, error.raw.message];
  }
  throw new Error("it was not refused");
};

const tell = async () => {
  const facts = {};
  await control("clock", { speed: 0 });
  const { server, verified } = await listen();

  const first = await buy(2599, "1", "4242424242424242");
  const intent = first.seen.payment_intent;
  facts.purchase = [first.page, first.seen.status, first.seen.payment_status, intent.status, intent.latest_charge.status];
  facts.reference = first.seen.client_reference_id;

  const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 599, metadata: { why: "chipped" } });
  facts.refund = [refund.object, refund.amount, refund.status, { ...refund.metadata }];
  facts.too_much = await refused(() => stripe.refunds.create({ payment_intent: intent.id, amount: 2001 }));
  const charge = await stripe.charges.retrieve(intent.latest_charge.id);
  facts.refunded = [charge.amount_refunded, charge.refunded];

  const declined = await buy(1000, "2", "4000000000000002");
  facts.declined = [declined.page, declined.seen.status, declined.seen.payment_intent.last_payment_error.decline_code];

  const second = await buy(5000, "3", "4000000000000259");
  await control("clock", { advance_s: 3 });
  const open = (await stripe.disputes.list({ payment_intent: second.seen.payment_intent.id })).data[0];
  facts.dispute = [open.status, open.amount, open.reason, open.is_charge_refundable];
  const evidence = { uncategorized_text: "winning_evidence" };
  facts.submitted = (await stripe.disputes.update(open.id, { evidence, submit: true })).status;
  await control("clock", { advance_s: 6 });
  const won = await stripe.disputes.retrieve(open.id);
  facts.won = [won.status, won.balance_transactions.map((entry) => [entry.reporting_category, entry.amount, entry.fee])];

  facts.missing = await refused(() => stripe.checkout.sessions.retrieve("cs_test_none"));
  facts.unknown = await refused(() => stripe.customers.create({ shoe_size: "42" }));
  facts.events = [];
  for await (const event of stripe.events.list({ limit: 3 })) facts.events.unshift(event.type);
  const deadline = Date.now() + WAIT_MS;
  while (verified.length < facts.events.length && Date.now() < deadline) await new Promise((go) => setTimeout(go, 10));
  facts.verified = [...verified].sort();
  server.close();
  server.closeAllConnections();
  console.log(JSON.stringify(facts));
};

tell().catch((error) => {
  console.error(error);
  process.exit(1);
});
