// Gives a charge back. What was never charged, or was refunded before, is left alone.

import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

export async function handler({ idempotencyKey, orderId }) {
  const file = join(process.env.SHOP_DATA, "payments", `${idempotencyKey}.json`);
  const payment = await read(file);
  if (!payment?.chargeId) return { refunded: 0 };
  if (!payment.refundId) {
    payment.refundId = `re_${idempotencyKey}`;
    await writeFile(`${file}.new`, JSON.stringify(payment));
    await rename(`${file}.new`, file);
    console.log(`refunded ${payment.amount} for ${orderId}`);
  }
  return { refunded: payment.amount, refundId: payment.refundId };
}

async function read(file) {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}
