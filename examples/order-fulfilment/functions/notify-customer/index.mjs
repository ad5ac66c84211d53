// Writes a mail into the outbox folder; the message id makes a repeated call write it once.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

const texts = {
  "order-accepted": ({ orderId }) => `Thank you! We are packing order ${orderId}.`,
  "order-cancelled": ({ orderId, reason }) =>
    `We are sorry: order ${orderId} was cancelled (${reason}) and nothing is charged.`,
};

export async function handler(event) {
  const text = texts[event.message];
  if (!text) throw new TypeError(`there is no message ${event.message}`);
  const outbox = join(process.env.SHOP_DATA, "outbox");
  await mkdir(outbox, { recursive: true });
  const mail = `To: ${event.to}\n\n${text(event)}\n`;
  await writeFile(join(outbox, `${event["message-id"]}.txt`), mail);
  console.log(`wrote to ${event.to}: ${event.message}`);
  return { to: event.to, message: event.message };
}
