"""The studio that renders the example shop's pictures: shapes, materials, light and one camera, in centimetres."""
