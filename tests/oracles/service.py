"""Storage service written down as its rules say, claim by claim, in plain numbers."""

from math import floor, isfinite


def share(total, weights):
    """Largest remainder; in floats as the program reckons, so that ties fall alike."""
    whole = sum(weights)
    if total >= whole:
        return list(weights)
    exact = [weight * (total / whole) for weight in weights]
    parts = [floor(each) for each in exact]
    rank = sorted(range(len(weights)), key=lambda row: parts[row] - exact[row])
    for row in rank[: total - sum(parts)]:
        parts[row] += 1
    assert sum(parts) == total
    return parts


def lay_side_by_side(first, second):
    """Yield (row, row, quantity) of two queues of [row, quantity] with the same total."""
    first, second = [list(each) for each in first], [list(each) for each in second]
    while first and second:
        part = min(first[0][1], second[0][1])
        if part:
            yield first[0][0], second[0][0], part
        for queue in (first, second):
            queue[0][1] -= part
            if not queue[0][1]:
                queue.pop(0)


def agreed(claims, has, room):
    """What is carried out of claims (giver, taker, most), with what givers have and takers take."""
    has, room, done = dict(has), dict(room), [0] * len(claims)
    while True:
        wanted = [
            most - done[row] if has[giver] and room[taker] else 0
            for row, (giver, taker, most) in enumerate(claims)
        ]
        if not any(wanted):
            return done
        for end, limits in ((0, has), (1, room)):
            for name, limit in limits.items():
                rows = [row for row, claim in enumerate(claims) if claim[end] == name]
                if sum(wanted[row] for row in rows) > limit:
                    parts = share(limit, [wanted[row] for row in rows])
                    for row, part in zip(rows, parts, strict=True):
                        wanted[row] = part
        for row, (giver, taker, _) in enumerate(claims):
            done[row] += wanted[row]
            has[giver] -= wanted[row]
            room[taker] -= wanted[row]


class Store:
    """One interval: `unused` and `room` are dicts by unit of the zone, `owner` a list by unit."""

    def __init__(self, owner, unused, room):
        self.owner, self.unused, self.room = owner, dict(unused), dict(room)
        self.flows = {}

    def _note(self, mode, plant, store, wh, buy=0.0, sell=0.0):
        if wh:
            key = mode, plant, store, buy, sell
            self.flows[key] = self.flows.get(key, 0) + wh
            self.unused[plant] -= wh
            self.room[store] -= wh

    def of_owners(self, mode, stores):
        for owner in sorted({self.owner[store] for store in stores}):
            plants = [unit for unit in self.unused if self.owner[unit] == owner]
            theirs = [store for store in stores if self.owner[store] == owner]
            wh, room = [self.unused[x] for x in plants], [self.room[x] for x in theirs]
            total = min(sum(wh), sum(room))
            given = zip(plants, share(total, wh), strict=True)
            taken = zip(theirs, share(total, room), strict=True)
            for plant, store, part in lay_side_by_side(given, taken):
                self._note(mode, plant, store, part)

    def bilateral(self, contracts):
        """Return what each of the contracts (pool, buyer, most, price) stored."""
        owners = {self.owner[unit] for unit in self.unused} | {x[1] for x in contracts}
        has = dict.fromkeys(owners, 0)
        for unit, wh in self.unused.items():
            has[self.owner[unit]] += wh
        room = dict.fromkeys((x[0] for x in contracts), 0) | self.room
        taken = agreed([(buyer, pool, most) for pool, buyer, most, _ in contracts], has, room)
        for owner in sorted(owners):
            plants = [unit for unit in self.unused if self.owner[unit] == owner]
            rows = [row for row, contract in enumerate(contracts) if contract[1] == owner]
            parts = share(sum(taken[row] for row in rows), [self.unused[x] for x in plants])
            queue = [(row, taken[row]) for row in rows]
            for plant, row, wh in lay_side_by_side(zip(plants, parts, strict=True), queue):
                pool, _, _, price = contracts[row]
                self._note("bilateral", plant, pool, wh, price, price)
        return taken

    def auction(self, awards):
        has = dict.fromkeys((x[0] for x in awards), 0) | self.unused
        room = dict.fromkeys((x[1] for x in awards), 0) | self.room
        taken = agreed([x[:3] for x in awards], has, room)
        for (plant, pool, _, buy, sell), wh in zip(awards, taken, strict=True):
            self._note("auction", plant, pool, wh, buy, sell)

    def call(self, pools, buy, sell):
        for pool in pools:
            plants = list(self.unused)
            wh = [self.unused[plant] for plant in plants]
            for plant, part in zip(plants, share(min(sum(wh), self.room[pool]), wh), strict=True):
                self._note("call", plant, pool, part, buy, sell)


def limit(contract, hours, clock_s, second):
    """What a contract (mw, window from, to, left or None, term from, to) may store, Wh."""
    mw, opens, closes, left, start, end = contract
    overnight = opens >= closes
    inside = not closes <= clock_s < opens if overnight else opens <= clock_s < closes
    if not inside or not start <= second < end:
        return 0
    most = round(mw * hours * 1_000_000)
    return most if left is None else min(most, left)


class Holdings:
    """Who holds what in one pool: a dict of floats, by unit."""

    def __init__(self, pool, soc):
        self.pool, self.held = pool, {pool: soc}

    def after(self, soc, deposits):
        """`deposits` are (unit, stored Wh)."""
        old = soc - sum(stored for _, stored in deposits)
        total = sum(self.held.values())
        if total < 0.5 and old > total:
            self.held[self.pool] += old - total
        else:
            for unit in self.held:
                self.held[unit] *= max(old, 0) / total if total else 1
        for unit, stored in deposits:
            self.held[unit] = self.held.get(unit, 0.0) + stored


def mean_share(noted, slot, per_day, days):
    """Curtailed through available of the last `days` noted intervals of a time of day."""
    last = [pair for interval, pair in enumerate(noted) if interval % per_day == slot][-days:]
    available = sum(pair[1] for pair in last)
    return sum(pair[0] for pair in last) / available if available else 0.0


def mean_price(noted, published, most):
    """Mean price of what the last `most` intervals (wh, price) gave back; else of prices."""
    last = [(wh, price) for wh, price in noted[-most:] if wh and isfinite(price)]
    if last:
        return sum(wh * price for wh, price in last) / sum(wh for wh, _ in last)
    prices = [price for price in published[-most:] if isfinite(price)]
    return sum(prices) / len(prices) if prices else 0.0
