"""Settings of a painting by name, the same everywhere; imports nothing, for pages that must stand at once."""

PRESETS = {  # in the scale "relative", against a style weight of 1
    "more-photo": {"content_weight": 0.2},
    "balanced": {"content_weight": 0.05},
    "more-style": {"content_weight": 0.02},
}
BALANCED = PRESETS["balanced"]
