// Places an order and waits for what becomes of it, as docs/wire-format.md says and nothing more.
//
// node place_order.mjs URL PREFIX < order.json     prints the event that answers it
import { readFileSync } from "node:fs";
import amqplib from "amqplib";

const [url, prefix] = process.argv.slice(2);
const order = JSON.parse(readFileSync(0, "utf8"));
const type = "orders.PlaceOrder.v1";
const source = "till-7";
const id = `order-${order.order_id}`;

function crc32(text) {
  let crc = 0xffffffff;
  for (const byte of Buffer.from(text, "utf8")) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

const connection = await amqplib.connect(url);
const channel = await connection.createConfirmChannel();

// Heard before it is sent, so that no answer is too early.
const { queue } = await channel.assertQueue("", { exclusive: true });
for (const event of ["orders.OrderConfirmed.v1", "orders.OrderRejected.v1"]) {
  await channel.bindQueue(queue, `${prefix}orders.events`, `${event}.*`);
}
const answer = new Promise((resolve) => {
  channel.consume(queue, (message) => {
    channel.ack(message);
    if (message.properties.headers["ce-correlationid"] === id) resolve(message);
  });
});

channel.on("return", () => {
  throw new Error("no queue takes it; it was not sent");
});
channel.publish(
  `${prefix}orders.commands`,
  `${type}.p${crc32(order.order_id) % 8}`,
  Buffer.from(JSON.stringify(order), "utf8"),
  {
    mandatory: true,
    persistent: true,
    contentType: "application/json",
    messageId: id,
    type,
    appId: source,
    headers: {
      "ce-specversion": "1.0",
      "ce-id": id,
      "ce-type": type,
      "ce-source": `/${source}`,
      "ce-partitionkey": order.order_id,
    },
  },
);
await channel.waitForConfirms();

const message = await answer;
console.log(
  JSON.stringify({
    type: message.properties.type,
    headers: message.properties.headers,
    data: JSON.parse(message.content.toString("utf8")),
  }),
);
await connection.close();
