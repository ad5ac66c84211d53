"""Tags: what was acknowledged last is what is there."""

KEYS = 8
RESOURCES_LOOKED_AT = 8
NONE = None


class Tags:
    """of one client: the only one that changes them"""

    def __init__(self):
        self.resource, self.changes = None, 0
        self.known = {}  # resource ARN -> key -> the values it may have

    def act(self, client, dice, mark):
        resource, self.resource, doubts = self.resource, None, client.doubts
        if resource is None:
            resource = client.ask("CreateActivity", name=f"tagged-{mark}")["activityArn"]
            self.known[resource] = {}
        else:
            self.change(client, self.known[resource], resource, dice, mark)
        # What may still be under way could come after what is asked for next.
        if client.doubts == doubts:
            self.resource = resource

    def change(self, client, known, resource, dice, mark):
        key = f"key-{dice.randrange(KEYS)}"
        value = mark if dice.random() < 0.7 else NONE
        known.setdefault(key, {NONE}).add(value)
        if value is NONE:
            client.ask("UntagResource", resourceArn=resource, tagKeys=[key])
        else:
            client.ask("TagResource", resourceArn=resource, tags=[{"key": key, "value": value}])
        known[key] = {value}
        self.changes += 1

    def check(self, client):
        wrong = []
        for resource in list(self.known)[-RESOURCES_LOOKED_AT:]:
            tags = client.ask("ListTagsForResource", resourceArn=resource)["tags"]
            there = {tag["key"]: tag["value"] for tag in tags}
            for key, values in self.known[resource].items():
                if there.get(key) not in values:
                    wrong.append(f"tag {key} of {resource} is {there.get(key)}, not {values}")
        return wrong
