"""Puts back whatever was reserved under one reservation. Releasing twice puts back once.

The reservation is closed as well: a line of it that is still on its way finds the door shut.
"""

import os
import sqlite3

TABLES = """
CREATE TABLE IF NOT EXISTS stock (sku TEXT PRIMARY KEY, on_hand INTEGER);
CREATE TABLE IF NOT EXISTS reservations
    (reservation TEXT, sku TEXT, quantity INTEGER, PRIMARY KEY (reservation, sku));
CREATE TABLE IF NOT EXISTS closed (reservation TEXT PRIMARY KEY);
"""


def handler(event, context):
    reservation = event["reservation"]
    folder = os.environ["SHOP_DATA"]
    os.makedirs(folder, exist_ok=True)
    database = sqlite3.connect(os.path.join(folder, "stock.db"), timeout=10, isolation_level=None)
    try:
        database.executescript(TABLES)
        database.execute("BEGIN IMMEDIATE")
        database.execute("INSERT OR IGNORE INTO closed VALUES (?)", (reservation,))
        lines = database.execute(
            "SELECT sku, quantity FROM reservations WHERE reservation = ?", (reservation,)
        ).fetchall()
        database.execute("DELETE FROM reservations WHERE reservation = ?", (reservation,))
        for sku, quantity in lines:
            database.execute(
                "UPDATE stock SET on_hand = on_hand + ? WHERE sku = ?", (quantity, sku)
            )
        database.execute("COMMIT")
    finally:
        database.close()
    print(f"released {len(lines)} lines of {reservation}")
    return {"released": [{"sku": sku, "quantity": quantity} for sku, quantity in lines]}
