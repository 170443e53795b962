"""Settings of a painting by name, the same everywhere; imports nothing, for pages that must stand at once."""

# In the scale "relative", against a style weight of 1. Eyes and windows are gone by relu4_2, and relu3_1 holds them.
PRESETS = {
    "more-photo": {"content_weight": 0.1, "content_layers": ("relu3_1",)},
    "balanced": {"content_weight": 0.1, "content_layers": ("relu4_2",)},
    "more-style": {"content_weight": 0.03, "content_layers": ("relu4_2",)},
}
BALANCED = PRESETS["balanced"]
