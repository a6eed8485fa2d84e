"""The catalogue: what the shop sells, in two languages, with pictures, prices per currency and a stock count."""
