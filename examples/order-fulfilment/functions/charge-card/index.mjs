// Charges a card through a pretended payment processor. The card token decides what happens:
// `tok_unavailable_once` fails on the first attempt, `tok_declined` always, others are charged.

import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

class ProcessorUnavailable extends Error {
  name = "ProcessorUnavailable";
}

class CardDeclined extends Error {
  name = "CardDeclined";
}

export async function handler({ idempotencyKey, orderId, amount, card }) {
  const folder = join(process.env.SHOP_DATA, "payments");
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${idempotencyKey}.json`);
  const payment = (await read(file)) ?? { attempts: 0 };
  if (payment.chargeId) return receipt(payment);

  payment.attempts += 1;
  await write(file, payment);
  if (card === "tok_declined") {
    throw new CardDeclined(`the bank declined ${amount} for order ${orderId}`);
  }
  if (card === "tok_unavailable_once" && payment.attempts === 1) {
    throw new ProcessorUnavailable("the payment processor did not answer in time");
  }
  const charged = { ...payment, chargeId: `ch_${idempotencyKey}`, orderId, amount };
  await write(file, charged);
  console.log(`charged ${amount} for ${orderId}`);
  return receipt(charged);
}

const receipt = ({ chargeId, amount, attempts }) => ({ chargeId, amount, attempts });

async function read(file) {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Whole or not at all, since the process may be ended at any moment. */
async function write(file, value) {
  await writeFile(`${file}.new`, JSON.stringify(value));
  await rename(`${file}.new`, file);
}
