"""The feed: a process of its own that reads sources, judges values and hands on columns.

    feed = LiveFeed(FeedOrder(Path("plant.yaml"), Path("security/twin"), record=Path("runs/feed")))
    parcel = feed.take(wait_s=0.1)      # or None
    parcel.batch.time, .value, .flags   # ns of UTC, canonical units, `columns.Flag`
    parcel.batch.came.signal            # numbers of `feed.mapping.signals`
    parcel.batch.usable                 # rows that a twin may learn from
    feed.close()

`Replay(Path("runs/feed"))` hands on the same; `parcels.Latest` keeps what is newest, and stale.
"""
