"""Reserves one line of an order. The same reservation asked for twice is made once."""

import os
import sqlite3

ON_HAND_AT_FIRST = {"teapot": 500, "cup": 5000, "kettle": 500, "samovar": 100}


class OutOfStock(Exception):
    pass


class ReservationClosed(Exception):
    """The order failed meanwhile and its stock was released: a late line must not take any."""


def handler(event, context):
    reservation, sku, quantity = event["reservation"], event["sku"], int(event["quantity"])
    with stock() as database:
        if exists(database, "closed WHERE reservation = ?", reservation):
            raise ReservationClosed(reservation)
        if not exists(database, "reservations WHERE reservation = ? AND sku = ?", reservation, sku):
            take(database, sku, quantity)
            line = (reservation, sku, quantity)
            database.execute("INSERT INTO reservations VALUES (?, ?, ?)", line)
    print(f"reserved {quantity} x {sku} for {reservation}")
    return {"sku": sku, "quantity": quantity}


def exists(database, rows, *values):
    return database.execute(f"SELECT 1 FROM {rows}", values).fetchone() is not None


def take(database, sku, quantity):
    changed = database.execute(
        "UPDATE stock SET on_hand = on_hand - ? WHERE sku = ? AND on_hand >= ?",
        (quantity, sku, quantity),
    )
    if changed.rowcount == 0:
        raise OutOfStock(f"{quantity} x {sku} are not in stock")


TABLES = (
    "CREATE TABLE IF NOT EXISTS stock (sku TEXT PRIMARY KEY, on_hand INTEGER)",
    "CREATE TABLE IF NOT EXISTS reservations"
    " (reservation TEXT, sku TEXT, quantity INTEGER, PRIMARY KEY (reservation, sku))",
    "CREATE TABLE IF NOT EXISTS closed (reservation TEXT PRIMARY KEY)",
)


class stock:
    """One write transaction on the stock database, which is made and filled on first use."""

    def __enter__(self):
        folder = os.environ["SHOP_DATA"]
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "stock.db")
        self.database = sqlite3.connect(path, timeout=10, isolation_level=None)
        self.database.execute("BEGIN IMMEDIATE")
        for table in TABLES:
            self.database.execute(table)
        on_hand = list(ON_HAND_AT_FIRST.items())
        self.database.executemany("INSERT OR IGNORE INTO stock VALUES (?, ?)", on_hand)
        return self.database

    def __exit__(self, kind, value, trace):
        self.database.execute("COMMIT" if kind is None else "ROLLBACK")
        self.database.close()
