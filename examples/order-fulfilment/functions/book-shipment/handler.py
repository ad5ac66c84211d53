"""Books a carrier for a packed parcel. The same shipment booked twice has one tracking number."""

import hashlib


def handler(event, context):
    parcel = event["parcel"]
    carrier = "Freight & Sons" if parcel["weightGrams"] > 5000 else "Swift Post"
    number = hashlib.sha256(event["shipment"].encode()).hexdigest()[:12].upper()
    print(f"booked {carrier} for order {event['orderId']}")
    return {"carrier": carrier, "trackingNumber": f"RG{number}"}
