"""The image processor: pixels in, JPEG 2000 and thumbnails out. A process of its own that knows no DLCS.

```
service.py    HTTP: POST /convert, GET /ping, GET /metrics          (the parent: touches no pixel)
request.py    a body becomes an Order, or a list of what is wrong with it
pool.py       a bounded queue before worker processes (slot.py) that are replaced when they die
worker.py     the other side of the pipe: one job after the other
convert.py    the story of one job: look, decode, encode, wrap, thumbnails
  sources/    one module per way of reading; a Picture hands out strips of sRGB or grey
  encoders/   one module per encoder behind one port; a recipe becomes its parameters
  jp2.py      the boxes around a codestream
  thumbs.py   from strips to thumbnails, cascading
decode.py     pixels for others: `decode(path, region, size)`
```

Imports images only.
"""
