// Buys two lanterns with the generated client, asks for what is not there, and prints what came of it.
//
// node built/buy.js URL ORDER_ID
import { Client, Problem, Refused, ordersV1, outgoing } from "./shop/index.js";
import type { CustomerOnRecord, PlaceOrder } from "./shop/orders_v1.js";

declare const process: { readonly argv: readonly string[] };

const [, , url = "", orderId = ""] = process.argv;
const shop = new Client(url);
const order: PlaceOrder = {
  order_id: orderId,
  customer: { email: "ada@example.com" },
  currency: "GBP",
  lines: [{ sku: "LANTERN", quantity: 2, unit_price: "3.39" }],
  payment_token: "tok_visa",
  reference: "Grüße, 商店",
};

async function codeOf(asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
    return "answered";
  } catch (error) {
    if (error instanceof Refused) return `refused ${error.code} ${error.status}`;
    if (error instanceof Problem) return `problem ${error.status} ${error.errors[0]?.field ?? ""}`;
    throw error;
  }
}

const accepted = await shop.ordersV1.placeOrder(order, { idempotencyKey: orderId });
const again = await shop.ordersV1.placeOrder(order, { idempotencyKey: orderId });
let view = await shop.ordersV1.getOrder({ order_id: accepted.order_id });
for (let turn = 0; view.status === "pending" && turn < 600; turn += 1) {
  await new Promise((resolve) => setTimeout(resolve, 50));
  view = await shop.ordersV1.getOrder({ order_id: accepted.order_id });
}
const buyer: CustomerOnRecord | null = view.customer;
const page = await shop.ordersV1.listOrders({ status: "confirmed", limit: 1 });
const wrong = { ...order, lines: [{ sku: "LANTERN", quantity: 0, unit_price: "3.39" }] };
const { order_id: _, ...unnamed } = wrong;
console.log(
  JSON.stringify({
    same: accepted.order_id === again.order_id,
    status: view.status,
    total: view.total,
    reference: view.reference,
    email: buyer?.email,
    listed: page.items.map((each) => each.order_id),
    missing: await codeOf(shop.inventoryV1.getStock({ sku: "NO SUCH / SKU?" })),
    wrong: await codeOf(shop.ordersV1.placeOrder(unnamed)),
    outgoing: outgoing(ordersV1.placeOrder, order, { source: "till-7", messageId: "m-1" }),
  }),
);
